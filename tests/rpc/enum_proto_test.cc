// Enums that are turned into those of the contract and back.
#include <gtest/gtest.h>

#include "proto/rpc/failure_kind_proto.h"
#include "proto/rpc/role_proto.h"

namespace fleet {
namespace {

TEST(EnumProto, EveryFailureKindComesBackAsItWas) {
  const auto* kinds = v1::FailureKind_descriptor();
  for (int i = 0; i < kinds->value_count(); ++i) {
    const auto kind = static_cast<v1::FailureKind>(kinds->value(i)->number());
    EXPECT_EQ(ToProto(FromProto(kind)), kind) << kinds->value(i)->name();
  }
  EXPECT_EQ(FromProto(static_cast<v1::FailureKind>(99)), FailureKind::kNone);
}

TEST(EnumProto, EveryRoleThatACallerCanHaveComesBackAsItWas) {
  const auto* roles = v1::Role_descriptor();
  for (int i = 0; i < roles->value_count(); ++i) {
    const auto role = static_cast<v1::Role>(roles->value(i)->number());
    // What anybody may call is no role of a caller.
    const v1::Role want = role == v1::ROLE_PUBLIC ? v1::ROLE_UNSPECIFIED : role;
    EXPECT_EQ(ToProto(FromProto(role)), want) << roles->value(i)->name();
  }
  EXPECT_EQ(FromProto(static_cast<v1::Role>(99)), Role::kNone);
}

}  // namespace
}  // namespace fleet
