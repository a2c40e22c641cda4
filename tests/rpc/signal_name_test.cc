#include "proto/rpc/signal_name.h"

#include <gtest/gtest.h>

#include <csignal>

namespace fleet {
namespace {

TEST(SignalNumber, TakesNamesWithAndWithoutPrefix) {
  EXPECT_EQ(SignalNumber("SIGTERM"), SIGTERM);
  EXPECT_EQ(SignalNumber("int"), SIGINT);
  EXPECT_EQ(SignalNumber("SIGUSR2"), SIGUSR2);
  EXPECT_EQ(SignalNumber("SIGNOPE"), std::nullopt);
  EXPECT_EQ(SignalNumber(""), std::nullopt);
  EXPECT_EQ(SignalNumber("15"), std::nullopt);
}

TEST(SignalName, GivesTheNameBack) {
  EXPECT_EQ(SignalName(SIGSEGV), "SIGSEGV");
  EXPECT_EQ(SignalName(40), "signal 40");
}

}  // namespace
}  // namespace fleet
