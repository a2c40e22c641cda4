#include "cli/app_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

using testing::HasSubstr;

const std::vector<KnownApp> kKnown = {
    {"api-read", 0, "shop"}, {"api-write", 1, "shop"}, {"job.2", 4, "default"},
    {"shop-web", 7, "shop"}, {"web", 9, "default"},
};

std::optional<absl::StatusOr<std::vector<std::string>>> File(
    const std::string& path) {
  if (path == "fleet.yaml") return std::vector<std::string>{"web", "api-read"};
  if (path == "new.yaml") return std::vector<std::string>{"newcomer"};
  if (path == "bad.yaml") return absl::InvalidArgumentError("bad.yaml:1: no");
  return std::nullopt;
}

// What blank-separated words mean, or the error.
std::string Chosen(const std::string& words) {
  const auto chosen =
      ChooseApps(kKnown, absl::StrSplit(words, ' ', absl::SkipEmpty()), File);
  if (!chosen.ok()) return std::string(chosen.status().message());
  return absl::StrJoin(*chosen, " ", [](std::string* out, const auto& app) {
    out->append(app.Text());
  });
}

TEST(AppChoice, EveryWayToNameAnApp) {
  const struct {
    const char* words;
    const char* chosen;
  } cases[] = {
      {"web", "web"},
      {"all", "api-read api-write job.2 shop-web web"},
      {"9", "web"},
      {"0", "api-read"},
      {"shop", "api-read api-write shop-web"},
      {"api-*", "api-read api-write"},
      {"/write|web/", "api-write shop-web web"},
      {"/^WEB$/i", "web"},
      {"web.2", "web.2"},
      {"9.12", "web.12"},
      // Its name, not instance 2 of a job.
      {"job.2", "job.2"},
      {"job.2.0", "job.2.0"},
      {"fleet.yaml", "web api-read"},
      // Several at once; each once, in the order of the words.
      {"web 0 api-*", "web api-read api-write"},
      // An app swallows its instances.
      {"web.1 web.2 web", "web"},
      {"web.1 web.2", "web.1 web.2"},
  };
  for (const auto& c : cases) EXPECT_EQ(Chosen(c.words), c.chosen) << c.words;
}

TEST(AppChoice, WhatFitsNothingIsSaidWithTheNearestName) {
  const struct {
    const char* words;
    const char* message;
  } cases[] = {
      {"wbe", "there is no app \"wbe\"; did you mean \"web\"?"},
      {"shpo", "there is no app \"shpo\"; did you mean \"shop\"?"},
      {"3", "there is no app with the id 3; fleetctl ls shows those there are"},
      {"x*", "no app matches \"x*\""},
      {"/x/", "no app matches \"/x/\""},
      {"other.2",
       "there is no app \"other.2\"; fleetctl ls shows those there are"},
      {"bad.yaml", "bad.yaml:1: no"},
  };
  for (const auto& c : cases) EXPECT_EQ(Chosen(c.words), c.message) << c.words;
  EXPECT_THAT(Chosen("new.yaml"),
              HasSubstr("\"newcomer\" has not been started"));
  EXPECT_THAT(Chosen("/(/"), HasSubstr("is no regular expression"));
  EXPECT_THAT(Chosen("/" + std::string(300, 'a') + "/"),
              HasSubstr("at most 256"));
  EXPECT_EQ(ReasonOf(ChooseApps(kKnown, {"wbe"}, File).status()).reason,
            "APP_NOT_FOUND");
  EXPECT_EQ(std::string(ChooseApps({}, {"all"}, File).status().message()),
            "there are no apps");
}

}  // namespace
}  // namespace fleet::cli
