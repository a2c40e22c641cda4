#include "proto/rpc/x509.h"

#include <gtest/gtest.h>

namespace fleet {
namespace {

TEST(X509, ARequestIsSignedByItsOwnKeyAndNamesNobody) {
  const std::string key = *MakePrivateKey();
  const std::string request = *MakeCertificateRequest(key);
  EXPECT_TRUE(ParseCertificateRequest(request).ok());
  EXPECT_NE(key, *MakePrivateKey());
}

TEST(X509, WhatIsBrokenIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(ParsePrivateKey("x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseCertificate("").status()));
  std::string request = *MakeCertificateRequest(*MakePrivateKey());
  EXPECT_TRUE(absl::IsInvalidArgument(
      ParseCertificateRequest(std::string(20'000, 'x')).status()));
  // One changed character in the middle: the signature does not fit.
  char& changed = request[request.size() / 2];
  changed = changed == 'A' ? 'B' : 'A';
  EXPECT_TRUE(
      absl::IsInvalidArgument(ParseCertificateRequest(request).status()));
}

TEST(X509, Sha256IsThatOfTheStandard) {
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(X509, RandomTextsHaveTheirLengthAndDiffer) {
  EXPECT_EQ(RandomHex(20).size(), 40u);
  EXPECT_NE(RandomHex(20), RandomHex(20));
}

}  // namespace
}  // namespace fleet
