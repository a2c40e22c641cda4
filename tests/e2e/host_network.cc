#include "tests/e2e/host_network.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace fleet::e2e {
namespace {

constexpr int kToController = 231;
constexpr int kToClients = 232;

bool Ip(const std::string& command) {
  return std::system(absl::StrCat("ip ", command).c_str()) == 0;
}

std::string AddressIn(int network, int host, int end) {
  return absl::StrCat("10.", network, ".", host, ".", end);
}

}  // namespace

bool EnterTestNetwork() {
  return unshare(CLONE_NEWNET) == 0 && Ip("link set lo up") &&
         Ip(absl::StrCat("address add ", kControllerHost, "/32 dev lo"));
}

HostNetwork::HostNetwork(int host)
    : host_(host), name_(absl::StrCat("fleet-e2e-", getpid(), "-", host)) {
  EXPECT_TRUE(Ip("netns add " + name_));
  EXPECT_TRUE(Ip(absl::StrCat("-n ", name_, " link set lo up")));
  Join("ctl", kToController);
  Join("app", kToClients);
  EXPECT_TRUE(Ip(absl::StrCat("-n ", name_, " route add default via ",
                              AddressIn(kToController, host_, 1))));
}

HostNetwork::~HostNetwork() { Ip("netns del " + name_); }

void HostNetwork::Join(const std::string& cable, int network) {
  const std::string ours = absl::StrCat(cable, host_);
  EXPECT_TRUE(Ip(absl::StrCat("link add ", ours, " type veth peer name ", cable,
                              " netns ", name_)));
  EXPECT_TRUE(Ip(absl::StrCat("address add ", AddressIn(network, host_, 1),
                              "/30 dev ", ours)));
  EXPECT_TRUE(Ip(absl::StrCat("link set ", ours, " up")));
  EXPECT_TRUE(
      Ip(absl::StrCat("-n ", name_, " address add ",
                      AddressIn(network, host_, 2), "/30 dev ", cable)));
  EXPECT_TRUE(Ip(absl::StrCat("-n ", name_, " link set ", cable, " up")));
}

std::vector<std::string> HostNetwork::Enter() const {
  return {"/usr/bin/nsenter", "--net=/run/netns/" + name_};
}

std::string HostNetwork::Address() const {
  return AddressIn(kToClients, host_, 2);
}

void HostNetwork::Cut() {
  EXPECT_TRUE(Ip(absl::StrCat("link set ctl", host_, " down")));
}

void HostNetwork::Heal() {
  EXPECT_TRUE(Ip(absl::StrCat("link set ctl", host_, " up")));
}

}  // namespace fleet::e2e
