#include "cli/spec_file/nearest_name.h"

#include <gtest/gtest.h>

namespace fleet::cli {
namespace {

TEST(NearestName, FindsWhatWasMeant) {
  const std::vector<std::string> names = {"instances", "interpreter", "cwd",
                                          "env", "kill_timeout"};
  EXPECT_EQ(NearestName("instnces", names), "instances");
  EXPECT_EQ(NearestName("intsances", names), "instances");
  EXPECT_EQ(NearestName("KillTimeout", names), "kill_timeout");
  EXPECT_EQ(NearestName("kill-timeout", names), "kill_timeout");
  EXPECT_EQ(NearestName("evn", names), "env");
  EXPECT_EQ(NearestName("zebra", names), "");
  EXPECT_EQ(NearestName("foo", names), "");
  EXPECT_EQ(NearestName("cw", names), "cwd");
  EXPECT_EQ(NearestName(std::string(1000, 'x'), names), "");
}

}  // namespace
}  // namespace fleet::cli
