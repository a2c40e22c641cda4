#include "node_agent/grpc_health_talk.h"

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fleet/v1/host_service.grpc.pb.h"
#include "node_agent/probe.h"
#include "proto/rpc/clock.h"

namespace fleet::agent {
namespace {

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (int byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

// A frame of the answer.
std::string Frame(int type, int flags, int stream, const std::string& payload) {
  return Bytes({0, 0, static_cast<int>(payload.size()), type, flags, 0, 0, 0,
                stream}) +
         payload;
}

std::string Answer(int status) {
  return Frame(0, 0, 1, Bytes({0, 0, 0, 0, 2, 8, status}));
}

TEST(GrpcHealthTalk, AsksTheServiceByName) {
  std::string opening = GrpcHealthTalk("shop.Cart", "h:1").Opening();
  EXPECT_EQ(opening.substr(0, 24), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_TRUE(opening.ends_with(Bytes({0, 0, 0, 0, 11, 10, 9}) + "shop.Cart"));
  EXPECT_TRUE(
      GrpcHealthTalk("", "h:1").Opening().ends_with(Bytes({0, 0, 0, 0, 0})));
}

struct VerdictCase {
  std::string received;
  std::string answer;  // Empty: not decided.
  bool success = false;
};

TEST(GrpcHealthTalk, Verdicts) {
  const std::string settings = Frame(4, 0, 0, "");
  const std::string refusal_12 =
      Bytes({0x88, 0x40, 11}) + "grpc-status" + Bytes({2}) + "12";
  const std::string refusal_5 =
      Bytes({0x88, 0x40, 11}) + "grpc-status" + Bytes({1}) + "5";
  // The name in Huffman's code, as servers in Go and Node send it.
  const std::string coded_5 = Bytes({0x88, 0x40, 0x88, 0x9a, 0xca, 0xc8, 0xb2,
                                     0x12, 0x34, 0xda, 0x8f, 1}) +
                              "5";
  for (const VerdictCase& c : std::vector<VerdictCase>{
           {settings, "", false},
           {settings + Answer(1), "SERVING", true},
           {Answer(2), "NOT_SERVING", false},
           {Answer(3), "SERVICE_UNKNOWN", false},
           {Answer(0), "UNKNOWN", false},
           {Answer(9), "status 9", false},
           {Frame(0, 0, 1, Bytes({0, 0, 0, 0, 0})), "UNKNOWN", false},
           {Frame(0, 8, 1, Bytes({3, 0, 0, 0, 0, 2, 8, 1, 0, 0, 0})), "SERVING",
            true},
           {Frame(0, 8, 1, Bytes({9, 0})), "the answer is not HTTP/2", false},
           {Frame(0, 0, 1, Bytes({0, 0, 0})) +
                Frame(0, 1, 1, Bytes({0, 2, 8, 1})),
            "SERVING", true},
           {Frame(0, 1, 1, Bytes({0, 0})), "the answer is cut off", false},
           {Frame(0, 0, 1, Bytes({1, 0, 0, 0, 2, 8, 1})),
            "the answer is not a HealthCheckResponse", false},
           {Frame(0, 0, 3, Bytes({0, 0, 0, 0, 2, 8, 1})), "", false},
           {Frame(1, 5, 1, refusal_12),
            "UNIMPLEMENTED: it does not serve grpc.health.v1.Health", false},
           {Frame(1, 5, 1, refusal_5), "NOT_FOUND: it knows no such service",
            false},
           {Frame(1, 5, 1, coded_5), "NOT_FOUND: it knows no such service",
            false},
           {Frame(1, 4, 1, Bytes({0x88})), "", false},
           {Frame(1, 5, 1, Bytes({0x88})),
            "the server refused the call; it may not serve "
            "grpc.health.v1.Health",
            false},
           {Frame(3, 0, 1, Bytes({0, 0, 0, 7})), "the server reset the call",
            false},
           {Frame(7, 0, 0, Bytes({0, 0, 0, 0, 0, 0, 0, 0})),
            "the server is going away", false},
           {Frame(7, 0, 0, Bytes({0, 0, 0, 1, 0, 0, 0, 0})) + Answer(1),
            "SERVING", true},
           {"HTTP/1.1 400 Bad Request\r\n", "the answer is HTTP/1, not gRPC",
            false},
           {"SSH-2.0-OpenSSH", "the answer is not HTTP/2", false},
       }) {
    // Whole, and byte by byte.
    for (size_t step : {c.received.size(), size_t{1}}) {
      GrpcHealthTalk talk("", "h:1");
      std::optional<ProbeTalk::Verdict> verdict;
      std::string reply;
      for (size_t at = 0; at < c.received.size() && !verdict; at += step) {
        verdict = talk.OnBytes(c.received.substr(at, step), &reply);
      }
      EXPECT_EQ(verdict.has_value() ? verdict->answer : "", c.answer);
      EXPECT_EQ(verdict.has_value() && verdict->success, c.success) << c.answer;
    }
  }
}

TEST(GrpcHealthTalk, AnswersSettingsAndPings) {
  GrpcHealthTalk talk("", "h:1");
  std::string reply;
  talk.OnBytes(Frame(4, 0, 0, "") + Frame(4, 1, 0, "") +
                   Frame(6, 0, 0, "12345678") + Frame(6, 1, 0, "87654321"),
               &reply);
  EXPECT_EQ(reply, Frame(4, 1, 0, "") + Frame(6, 1, 0, "12345678"));
}

TEST(GrpcHealthTalk, AClosedConnectionIsNoAnswer) {
  GrpcHealthTalk talk("", "h:1");
  std::string reply;
  EXPECT_EQ(talk.OnBytes("", &reply)->answer,
            "closed the connection without an answer");
}

TEST(GrpcHealthTalk, Messages) {
  EXPECT_EQ(ParseHealthStatus(""), 0);
  EXPECT_EQ(ParseHealthStatus(Bytes({8, 2})), 2);
  EXPECT_EQ(ParseHealthStatus(Bytes({0x12, 1, 65, 8, 1})), 1);
  EXPECT_FALSE(ParseHealthStatus(Bytes({8})).has_value());
  EXPECT_FALSE(ParseHealthStatus(Bytes({0x12, 9, 65})).has_value());
  EXPECT_FALSE(ParseHealthStatus(Bytes({0x0d, 1, 1, 1, 1})).has_value());
}

// Against gRPC's own server.
class GrpcServerTest : public testing::Test {
 protected:
  GrpcServerTest() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(&service_);  // A server must have one.
    server_ = builder.BuildAndStart();
  }
  ~GrpcServerTest() override { server_->Shutdown(); }

  ProbeResult Ask(const std::string& service) {
    ProbeTarget target;
    target.host = "127.0.0.1";
    target.request.kind = ProbeKind::kGrpc;
    target.request.port = port_;
    target.request.service = service;
    target.request.timeout = absl::Seconds(20);
    ProbeResult answer;
    bool answered = false;
    Probe probe(loop_, std::move(target), [&](const ProbeResult& result) {
      answer = result;
      answered = true;
    });
    while (!answered) loop_.RunOnce(absl::Seconds(20));
    return answer;
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  int port_ = 0;
  v1::HostService::CallbackService service_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(GrpcServerTest, IsAskedForItsHealth) {
  std::string where = " on 127.0.0.1:" + std::to_string(port_) + ": ";
  ProbeResult whole = Ask("");
  EXPECT_TRUE(whole.success) << whole.text;
  EXPECT_EQ(whole.text, "grpc health" + where + "SERVING");
  server_->GetHealthCheckService()->SetServingStatus("shop.Cart", false);
  EXPECT_EQ(Ask("shop.Cart").text,
            "grpc health of shop.Cart" + where + "NOT_SERVING");
  EXPECT_EQ(Ask("no.Such").text, "grpc health of no.Such" + where +
                                     "NOT_FOUND: it knows no such service");
  server_->GetHealthCheckService()->SetServingStatus("shop.Cart", true);
  EXPECT_TRUE(Ask("shop.Cart").success);
}

}  // namespace
}  // namespace fleet::agent
