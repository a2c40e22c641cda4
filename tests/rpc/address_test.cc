#include "proto/rpc/address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fleet {
namespace {

TEST(ParseAddress, TakesEveryFormAndGivesGrpcTargets) {
  struct Case {
    std::string text, shown, listen, dial;
    bool loopback;
  };
  const std::vector<Case> cases = {
      {"127.0.0.1:80", "tcp://127.0.0.1:80", "127.0.0.1:80",
       "ipv4:127.0.0.1:80", true},
      {"tcp://127.8.9.1:0", "tcp://127.8.9.1:0", "127.8.9.1:0",
       "ipv4:127.8.9.1:0", true},
      {"localhost:7070", "tcp://localhost:7070", "localhost:7070",
       "localhost:7070", true},
      {"[::1]:7070", "tcp://[::1]:7070", "[::1]:7070", "[::1]:7070", true},
      {"[2001:db8::5]:7", "tcp://[2001:db8::5]:7", "[2001:db8::5]:7",
       "[2001:db8::5]:7", false},
      {"tcp://0.0.0.0:65535", "tcp://0.0.0.0:65535", "0.0.0.0:65535",
       "ipv4:0.0.0.0:65535", false},
      {"db-1.example.org:1", "tcp://db-1.example.org:1", "db-1.example.org:1",
       "db-1.example.org:1", false},
      {"128.0.0.1:1", "tcp://128.0.0.1:1", "128.0.0.1:1", "ipv4:128.0.0.1:1",
       false},
      {"unix:///run/f.sock", "unix:///run/f.sock", "unix:/run/f.sock",
       "unix:/run/f.sock", true},
      {"unix:/run/f.sock", "unix:///run/f.sock", "unix:/run/f.sock",
       "unix:/run/f.sock", true},
  };
  for (const Case& c : cases) {
    auto address = ParseAddress(c.text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->ToString(), c.shown);
    EXPECT_EQ(address->ToListenTarget(), c.listen);
    EXPECT_EQ(address->ToDialTarget(), c.dial);
    EXPECT_EQ(address->IsLoopback(), c.loopback) << c.text;
    EXPECT_EQ(*ParseAddress(address->ToString()), *address);
  }
}

TEST(ParseAddress, RefusesAndSaysWhatWouldBeRight) {
  const std::vector<std::string> wrong = {"",
                                          "host",
                                          ":80",
                                          "host:",
                                          "host:x",
                                          "host:65536",
                                          "host:-1",
                                          "::1:80",
                                          "[::1:80",
                                          "[::1]80",
                                          "[host]:80",
                                          "unix:relative",
                                          "unix://a/b",
                                          "unix:",
                                          "http://a:1",
                                          "a b:1",
                                          "unix:///" + std::string(107, 'x')};
  for (const std::string& text : wrong) {
    auto address = ParseAddress(text);
    EXPECT_FALSE(address.ok()) << text;
    EXPECT_NE(address.status().message().find("HOST:PORT"),
              absl::string_view::npos);
  }
}

TEST(Address, KnowsWildcards) {
  EXPECT_TRUE(ParseAddress("0.0.0.0:1")->IsWildcard());
  EXPECT_TRUE(ParseAddress("[::]:1")->IsWildcard());
  EXPECT_FALSE(ParseAddress("127.0.0.1:1")->IsWildcard());
}

}  // namespace
}  // namespace fleet
