// Runs commands against a controller that a test plays.
#ifndef FLEET_TESTS_CLI_COMMAND_SCENE_H_
#define FLEET_TESTS_CLI_COMMAND_SCENE_H_

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "proto/rpc/clock.h"
#include "tests/cli/fake_controller.h"

namespace fleet::cli {

// What a command left.
struct Ran {
  int code;
  std::string out;
  std::string err;
};

// The system's clock, from which a test may take hours in a moment.
class HurriedClock : public Clock {
 public:
  absl::Time Now() const override {
    return start_ + speed * (system_.Now() - start_);
  }
  absl::Time WallNow() const override { return system_.WallNow(); }

  double speed = 1;

 private:
  SystemClock system_;
  const absl::Time start_ = system_.Now();
};

// The fleet has one app, web, with one instance that is online on host-1.
class CommandScene : public testing::Test {
 protected:
  CommandScene();

  // As typed, without the program's name; the words must be understood.
  Ran Run(const std::vector<std::string>& args);
  // Split at blanks.
  Ran Run(const std::string& words);

  HurriedClock clock_;
  EventLoop loop_{clock_};
  std::function<TerminalSize()> terminal_;
  std::map<std::string, std::string> environment_;
  // Answers questions; null: nobody is there.
  std::function<std::string(const std::string&)> ask_;
  FakeController fake_;
};

}  // namespace fleet::cli

#endif  // FLEET_TESTS_CLI_COMMAND_SCENE_H_
