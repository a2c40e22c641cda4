// What is made from the tables, and that the tables agree with the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/command_groups.h"
#include "cli/command_page.h"
#include "cli/command_table.h"
#include "cli/man_page.h"
#include "cli/spec_file/field.h"
#include "fleet/v1/app.pb.h"

namespace fleet::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(StartFlags, EachIsAFieldOfTheTable) {
  for (const FlagDoc& flag : Flags()) {
    if (flag.field.empty()) continue;
    const Field* field = FindField(flag.field);
    ASSERT_NE(field, nullptr) << flag.names;
    EXPECT_NE(field->support, Support::kIgnored) << flag.names;
  }
}

// What the table has under a name of several, or that is no field of a file.
std::set<std::string> WithoutRow() {
  return {"secrets"};  // Values of env.
}

std::vector<std::string> PathsOf(const Descriptor& message,
                                 const std::string& prefix) {
  std::vector<std::string> paths;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const std::string path = prefix + field.name();
    const Descriptor* inner = field.message_type();
    const bool group = inner != nullptr && !field.is_map() &&
                       !field.is_repeated() &&
                       absl::StartsWith(inner->full_name(), "fleet.v1.") &&
                       FindFieldByPath(path) == nullptr;
    if (!group) {
      paths.push_back(path);
      continue;
    }
    for (std::string& more : PathsOf(*inner, path + ".")) {
      paths.push_back(std::move(more));
    }
  }
  return paths;
}

TEST(FieldTable, HasEveryFieldOfTheApi) {
  std::vector<std::string> missing;
  for (const std::string& path : PathsOf(*v1::AppSpec::descriptor(), "")) {
    if (FindFieldByPath(path) == nullptr && !WithoutRow().contains(path)) {
      missing.push_back(path);
    }
  }
  EXPECT_THAT(missing, IsEmpty());
}

TEST(ManPage, NamesEveryCommandAndFlag) {
  const std::string page = ManPage();
  for (const CommandDoc& command : Commands()) {
    std::string name(command.name);
    EXPECT_THAT(
        page, HasSubstr(absl::StrCat(
                  ".SS fleetctl ", absl::StrReplaceAll(name, {{"-", "\\-"}}))));
  }
  for (const FlagDoc& flag : Flags()) {
    for (const absl::string_view name : absl::StrSplit(
             absl::string_view(flag.names.data(), flag.names.size()), ',')) {
      EXPECT_THAT(page,
                  HasSubstr(absl::StrCat(
                      "\\fB", absl::StrReplaceAll(name, {{"-", "\\-"}}))));
    }
  }
}

TEST(CommandPage, ThePublishedOneIsUpToDate) {
  std::ifstream file(
      absl::StrCat(FLEET_SOURCE_DIR, "/docs/reference/commands.md"));
  std::ostringstream published;
  published << file.rdbuf();
  EXPECT_TRUE(published.str() == CommandPage())
      << "fleetctl help --page > docs/reference/commands.md";
}

TEST(CommandGroups, HaveEveryCommandOnce) {
  std::multiset<std::string_view> listed;
  for (const CommandGroup& group : CommandGroups()) {
    for (const CommandDoc* command : group.commands) {
      listed.insert(command->name);
    }
  }
  for (const CommandDoc& command : Commands()) {
    EXPECT_EQ(listed.count(command.name), 1u) << command.name;
  }
}

// A line of text that begins with a dot would be taken for an order.
TEST(ManPage, HasNoOrdersThatManDoesNotKnow) {
  const std::set<std::string> known = {".TH", ".SH", ".SS", ".TP", ".PP",
                                       ".EX", ".EE", ".B",  ".BR"};
  for (const absl::string_view line : absl::StrSplit(ManPage(), '\n')) {
    if (line.empty() || line[0] != '.') continue;
    EXPECT_TRUE(known.contains(std::string(line.substr(0, line.find(' ')))))
        << line;
  }
}

}  // namespace
}  // namespace fleet::cli
