// Plays scenarios and compares what happens with their transcripts:
// tests/scenarios/run.
#include <spdlog/spdlog.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/scenarios/scenario.h"

namespace fleet::sim {
namespace {

constexpr char kRule[] = "----\n";

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The first line in which they differ.
std::string Difference(const std::string& want, const std::string& got) {
  std::istringstream wanted(want);
  std::istringstream given(got);
  std::string a;
  std::string b;
  for (int line = 1; std::getline(given, b); ++line) {
    if (!std::getline(wanted, a)) a = "(nothing)";
    if (a != b) {
      return absl::StrCat("line ", line, "\n  was: ", a, "\n  is:  ", b);
    }
  }
  return "it is shorter than it was";
}

bool Play(const std::string& path, bool update) {
  const std::string text = Read(path);
  const std::string head = text.substr(0, text.find(kRule));
  absl::StatusOr<Script> script = ParseScript(head);
  absl::StatusOr<std::string> transcript =
      script.ok() ? Scenario(*std::move(script)).Play() : script.status();
  if (!transcript.ok()) {
    std::cerr << path << ": " << transcript.status().message() << "\n";
    return false;
  }
  const std::string now = absl::StrCat(head, kRule, *transcript);
  if (now == text) return true;
  if (update) {
    std::ofstream(path, std::ios::binary) << now;
    std::cout << path << ": written\n";
    return true;
  }
  std::cerr << path << " no longer says what happens: " << Difference(text, now)
            << "\nIf that is meant: tests/scenarios/run --update, and read "
               "the diff\n";
  return false;
}

int Main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::off);
  bool update = false;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--update") {
      update = true;
    } else {
      paths.push_back(argument);
    }
  }
  bool good = !paths.empty();
  for (const std::string& path : paths) good &= Play(path, update);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace fleet::sim

int main(int argc, char** argv) { return fleet::sim::Main(argc, argv); }
