#include "node_agent/env_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "node_agent/guarded_open.h"
#include "node_agent/program_path.h"
#include "node_agent/unique_fd.h"
#include "proto/rpc/status.h"

namespace fleet::agent {
namespace {

bool IsName(std::string_view name) {
  return !name.empty() &&
         !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_';
         });
}

char Unescape(char c) {
  if (c == 'n') return '\n';
  if (c == 't') return '\t';
  if (c == 'r') return '\r';
  return c;
}

bool IsEscape(char c) {
  return std::string_view("ntr\"\\$`").find(c) != std::string_view::npos;
}

// Reads a file from its first byte to its last, line by line.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<EnvFileVariables> Read() {
    EnvFileVariables variables;
    size_t nul = text_.find('\0');
    if (nul != std::string_view::npos) {
      line_ += static_cast<int>(std::count(
          text_.begin(), text_.begin() + static_cast<long>(nul), '\n'));
      return Wrong("has a NUL byte, which no variable can hold");
    }
    while (at_ < text_.size()) RETURN_IF_ERROR(ReadLine(variables));
    return variables;
  }

 private:
  absl::Status ReadLine(EnvFileVariables& variables) {
    size_t end = std::min(text_.find('\n', at_), text_.size());
    absl::string_view line =
        absl::StripAsciiWhitespace(ToAbsl(text_.substr(at_, end - at_)));
    if (line.empty() || line[0] == '#' || line[0] == ';') {
      Next(end);
      return absl::OkStatus();
    }
    size_t equals = text_.find('=', at_);
    if (equals >= end) return Wrong("has no =, it must be NAME=value");
    absl::string_view name =
        absl::StripAsciiWhitespace(ToAbsl(text_.substr(at_, equals - at_)));
    absl::ConsumePrefix(&name, "export ");
    name = absl::StripAsciiWhitespace(name);
    if (!IsName(ToStd(name))) {
      return Wrong(absl::StrCat("\"", name,
                                "\" is not a variable's name, which is of A-Z "
                                "a-z 0-9 _ and does not start with a digit"));
    }
    at_ = equals + 1;
    while (at_ < end && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    ASSIGN_OR_RETURN(std::string value, ReadValue(end));
    variables[std::string(name)] = std::move(value);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadValue(size_t end) {
    if (at_ < end && (text_[at_] == '"' || text_[at_] == '\'')) {
      return ReadQuoted(text_[at_]);
    }
    absl::string_view value = ToAbsl(text_.substr(at_, end - at_));
    size_t comment = value.find(" #");
    if (comment != absl::string_view::npos) value = value.substr(0, comment);
    if (!value.empty() && value[0] == '#') value = "";
    std::string result(absl::StripAsciiWhitespace(value));
    Next(end);
    return result;
  }

  absl::StatusOr<std::string> ReadQuoted(char quote) {
    std::string value;
    int lines = 0;
    for (size_t i = at_ + 1; i < text_.size(); ++i) {
      char c = text_[i];
      if (c == quote) {
        line_ += lines;
        Next(std::min(text_.find('\n', i), text_.size()));
        return value;
      }
      lines += c == '\n' ? 1 : 0;
      bool escaped = quote == '"' && c == '\\' && i + 1 < text_.size() &&
                     IsEscape(text_[i + 1]);
      value.push_back(escaped ? Unescape(text_[++i]) : c);
    }
    return Wrong(
        absl::StrCat("has a ", std::string(1, quote), " that is never closed"));
  }

  // Goes on after the end of a line at `end`.
  void Next(size_t end) {
    at_ = end + 1;
    ++line_;
  }

  absl::Status Wrong(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("line ", line_, " ", what));
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
};

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  UniqueFd fd = OpenGuarded(path, O_RDONLY | O_NONBLOCK);
  if (!fd.valid()) return ErrnoStatus(errno, absl::StrCat("read ", path));
  struct stat info {};
  if (fstat(fd.get(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("read ", path, ": it is not a file"));
  }
  std::string text;
  std::array<char, 4096> block;
  ssize_t n = 0;
  while ((n = read(fd.get(), block.data(), block.size())) > 0) {
    text.append(block.data(), static_cast<size_t>(n));
    if (text.size() > kMaxEnvFileBytes) {
      return absl::FailedPreconditionError(
          absl::StrCat("read ", path, ": it is longer than 256 KiB"));
    }
  }
  if (n < 0) return ErrnoStatus(errno, absl::StrCat("read ", path));
  return text;
}

}  // namespace

absl::StatusOr<EnvFileVariables> ParseEnvFile(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(3);
  return Reader(text).Read();
}

absl::StatusOr<EnvFileVariables> ReadEnvFiles(
    const std::vector<std::string>& paths, const std::string& cwd) {
  EnvFileVariables all;
  for (const std::string& entry : paths) {
    bool may_be_missing = entry.starts_with("-");
    std::string path = JoinPath(cwd, entry.substr(may_be_missing ? 1 : 0));
    absl::StatusOr<std::string> text = ReadWhole(path);
    if (may_be_missing && absl::IsNotFound(text.status())) continue;
    if (!text.ok()) return Annotate(text.status(), "env_files");
    absl::StatusOr<EnvFileVariables> variables = ParseEnvFile(*text);
    if (!variables.ok()) {
      return Annotate(variables.status(), absl::StrCat("env_files: ", path));
    }
    for (auto& [name, value] : *variables) all[name] = std::move(value);
  }
  return all;
}

}  // namespace fleet::agent
