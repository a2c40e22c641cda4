#include "controller/access/certificate_authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "controller/access/server_certificate.h"
#include "proto/rpc/whole_file.h"
#include "tests/controller/temp_folder.h"

namespace fleet::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

std::string Request() { return *MakeCertificateRequest(*MakePrivateKey()); }

TEST(CertificateAuthority, IsMadeOnceAndKeepsItsKeyToItself) {
  TempFolder folder;
  auto first = CertificateAuthority::Open(folder.path(), kNow);
  ASSERT_TRUE(first.ok()) << first.status();
  auto again = CertificateAuthority::Open(folder.path(), kNow);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(first->pin(), again->pin());
  struct stat st {};
  ASSERT_EQ(stat(folder.File("ca.key").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST(CertificateAuthority, NamesAHostByUriAndAServerByName) {
  TempFolder folder;
  auto authority = CertificateAuthority::Open(folder.path(), kNow);
  auto host = authority->Issue(
      Request(), {"host-1", "spiffe://fleet/host/host-1", "", absl::Hours(24)},
      kNow);
  ASSERT_TRUE(host.ok()) << host.status();
  auto facts = ReadCertificate(*host);
  EXPECT_THAT(facts->uris, ElementsAre("spiffe://fleet/host/host-1"));
  EXPECT_EQ(facts->common_name, "host-1");
  EXPECT_EQ(facts->not_after, kNow + absl::Hours(24));
  EXPECT_FALSE(facts->authority);
  auto server = authority->Issue(
      Request(), {"c", "", "fleet-controller", absl::Hours(1)}, kNow);
  EXPECT_THAT(ReadCertificate(*server)->dns_names,
              ElementsAre("fleet-controller"));
}

TEST(CertificateAuthority, IssuesNothingThatOutlivesIt) {
  TempFolder folder;
  auto authority = CertificateAuthority::Open(folder.path(), kNow);
  auto issued = authority->Issue(
      Request(), {"h", "spiffe://fleet/host/h", "", absl::Hours(24)},
      authority->not_after() - absl::Minutes(5));
  ASSERT_TRUE(issued.ok());
  EXPECT_EQ(ReadCertificate(*issued)->not_after, authority->not_after());
  auto late = authority->Issue(
      Request(), {"h", "spiffe://fleet/host/h", "", absl::Hours(24)},
      authority->not_after());
  EXPECT_TRUE(absl::IsFailedPrecondition(late.status()));
}

TEST(CertificateAuthority, ABroughtOneMustBeOneAndHaveItsKey) {
  TempFolder ours;
  TempFolder other;
  auto authority = CertificateAuthority::Open(ours.path(), kNow);
  ASSERT_TRUE(CertificateAuthority::Open(other.path(), kNow).ok());
  auto mixed =
      CertificateAuthority::Load(ours.File("ca.pem"), other.File("ca.key"));
  EXPECT_THAT(std::string(mixed.status().message()),
              HasSubstr("does not belong"));
  const std::string key = *MakePrivateKey();
  auto leaf = authority->Issue(*MakeCertificateRequest(key),
                               {"x", "", "x", absl::Hours(1)}, kNow);
  ASSERT_TRUE(ReplaceFile(ours.File("leaf.pem"), *leaf, 0600).ok());
  ASSERT_TRUE(ReplaceFile(ours.File("leaf.key"), key, 0600).ok());
  auto no_authority =
      CertificateAuthority::Load(ours.File("leaf.pem"), ours.File("leaf.key"));
  EXPECT_THAT(std::string(no_authority.status().message()),
              HasSubstr("CA:TRUE"));
}

TEST(ServerCertificate, IsRenewedAtHalfLifeUnderTheSameKey) {
  TempFolder folder;
  auto authority = CertificateAuthority::Open(folder.path(), kNow);
  ServerCertificate certificate(folder.path(), *authority);
  ASSERT_TRUE(certificate.Renew(kNow).ok());
  const std::string key = *ReadWholeFile(folder.File("server.key"));
  const std::string first = *ReadWholeFile(folder.File("server.pem"));
  EXPECT_THAT(first, HasSubstr(authority->pem()));
  ASSERT_TRUE(certificate.Renew(kNow + absl::Hours(14 * 24)).ok());
  EXPECT_EQ(*ReadWholeFile(folder.File("server.pem")), first);
  ASSERT_TRUE(certificate.Renew(kNow + absl::Hours(16 * 24)).ok());
  const std::string second = *ReadWholeFile(folder.File("server.pem"));
  EXPECT_NE(second, first);
  EXPECT_EQ(*ReadWholeFile(folder.File("server.key")), key);
  EXPECT_TRUE(CheckKeyMatches(second, key).ok());
}

}  // namespace
}  // namespace fleet::controller
