#include "proto/rpc/capability_name.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

namespace fleet {
namespace {

TEST(CapabilityNumber, KnowsTheKernelsNamesInAnyForm) {
  EXPECT_EQ(CapabilityNumber("CAP_CHOWN"), CAP_CHOWN);
  EXPECT_EQ(CapabilityNumber("net_bind_service"), CAP_NET_BIND_SERVICE);
  EXPECT_EQ(CapabilityNumber("cap_sys_admin"), CAP_SYS_ADMIN);
  EXPECT_EQ(CapabilityNumber("SETFCAP"), CAP_SETFCAP);
  EXPECT_EQ(CapabilityNumber("CAP_CHECKPOINT_RESTORE"), CAP_LAST_CAP);
}

TEST(CapabilityNumber, KnowsNothingElse) {
  for (const char* name : {"", "CAP_", "CAP_FLY", "0", "CAP_CAP_CHOWN"}) {
    EXPECT_FALSE(CapabilityNumber(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace fleet
