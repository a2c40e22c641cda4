#include "proto/rpc/message_text.h"

#include <gtest/gtest.h>

#include "fleet/v1/agent_service.pb.h"

namespace fleet {
namespace {

TEST(MessageText, MendsEveryTextSoThatTheMessageCanBeRead) {
  v1::SessionRequest message;
  v1::StateReport& report = *message.mutable_state_report();
  v1::AppStatus& app = *report.add_apps();
  app.set_app("web");
  app.mutable_step()->set_reason("it says \xff");
  app.mutable_step()->add_stderr_tail("good");
  app.mutable_step()->add_stderr_tail("b\xc3");
  app.add_instances()->set_status_text("\xfe");
  report.add_removed_app_uids("\x80");
  MendText(message);
  EXPECT_EQ(app.step().reason(), "it says �");
  EXPECT_EQ(app.step().stderr_tail(0), "good");
  EXPECT_EQ(app.step().stderr_tail(1), "b�");
  EXPECT_TRUE(
      v1::SessionRequest().ParseFromString(message.SerializeAsString()));

  v1::SessionRequest hello;
  (*hello.mutable_hello()->mutable_host()->mutable_labels())["k"] = "\xff";
  MendText(hello);
  EXPECT_EQ(hello.hello().host().labels().at("k"), "�");
}

TEST(MessageText, BytesAreLeftAsTheyAre) {
  v1::LogLine line;
  line.set_text("\xff");
  MendText(line);
  EXPECT_EQ(line.text(), "\xff");
}

}  // namespace
}  // namespace fleet
