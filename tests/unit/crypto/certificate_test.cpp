#include "crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "base/limits.h"

namespace {

using namespace std::chrono_literals;
using crypto::Certificate;
using crypto::KeyPair;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const base::Time kNow = base::parse_time("2030-05-01T12:00:00Z").value();

Certificate wanted(const std::string& name) {
  Certificate wanted;
  wanted.name = name;
  wanted.hosts = {"webhook.system.svc", "other.svc"};
  wanted.from = kNow;
  wanted.until = kNow + 24h;
  return wanted;
}

KeyPair authority(const std::string& name = "authority") {
  return crypto::make_authority(wanted(name)).value();
}

// Returns the output of `openssl COMMAND`, an implementation that is independent of this code.
std::string openssl(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      popen(("openssl " + command + " 2>&1").c_str(), "r"), pclose);
  std::string output;
  char buffer[4096];
  while (pipe && fgets(buffer, sizeof(buffer), pipe.get()) != nullptr) output += buffer;
  return output;
}

std::string file(const std::string& name, const std::string& content) {
  std::string path = testing::TempDir() + "crypto-" + std::to_string(getpid()) + "-" + name;
  std::ofstream(path) << content;
  return path;
}

TEST(Certificate, SaysWhatWasAskedFor) {
  const KeyPair issuer = authority();
  const auto read_issuer = crypto::read_certificate(issuer.certificate);
  ASSERT_TRUE(read_issuer);
  EXPECT_EQ(read_issuer->name, "authority");
  EXPECT_TRUE(read_issuer->is_authority);
  EXPECT_THAT(read_issuer->hosts, IsEmpty());

  const auto made = crypto::issue(wanted("server"), issuer);
  ASSERT_TRUE(made);
  EXPECT_EQ(crypto::read_certificate(made->certificate).value(), wanted("server"));
}

TEST(Certificate, ANameThatIsTooLongIsCut) {
  const auto made = crypto::issue(wanted(std::string(100, 'n')), authority(std::string(100, 'a')));
  ASSERT_TRUE(made);
  EXPECT_EQ(crypto::read_certificate(made->certificate)->name, std::string(64, 'n'));
}

TEST(Certificate, ATimeBeyondTheYear2050IsKept) {
  Certificate long_lived = wanted("authority");
  long_lived.until = base::parse_time("2062-01-01T00:00:00Z").value();
  const auto made = crypto::make_authority(long_lived);
  EXPECT_EQ(crypto::read_certificate(made->certificate)->until, long_lived.until);
}

TEST(Certificate, BelongsToItsKeyAndItsAuthorityAlone) {
  const KeyPair first = authority();
  const KeyPair second = authority();
  const KeyPair leaf = crypto::issue(wanted("server"), first).value();
  EXPECT_TRUE(crypto::has_key(leaf.certificate, leaf.key));
  EXPECT_FALSE(crypto::has_key(leaf.certificate, first.key));
  EXPECT_FALSE(crypto::has_key(leaf.certificate, ""));
  EXPECT_FALSE(crypto::has_key("", leaf.key));
  EXPECT_TRUE(crypto::is_signed_by(leaf.certificate, first.certificate));
  EXPECT_FALSE(crypto::is_signed_by(leaf.certificate, second.certificate));
  EXPECT_FALSE(crypto::is_signed_by(leaf.certificate, ""));
  EXPECT_FALSE(crypto::is_signed_by("", first.certificate));
}

TEST(Certificate, OpensslTakesIt) {
  if (openssl("version").find("OpenSSL") != 0) GTEST_SKIP() << "no openssl";
  const KeyPair issuer = authority();
  const KeyPair leaf = crypto::issue(wanted("server"), issuer).value();
  const std::string ca = file("ca", issuer.certificate);
  const std::string certificate = file("leaf", leaf.certificate);
  const std::string time =
      " -attime " +
      std::to_string(
          std::chrono::duration_cast<std::chrono::seconds>((kNow + 1h).time_since_epoch()).count());
  EXPECT_THAT(openssl("verify -x509_strict -purpose sslserver -verify_hostname webhook.system.svc "
                      "-CAfile " +
                      ca + time + " " + certificate),
              HasSubstr(": OK"));
  EXPECT_THAT(
      openssl("verify -verify_hostname elsewhere.svc -CAfile " + ca + time + " " + certificate),
      Not(HasSubstr(": OK")));
  const std::string text = openssl("x509 -noout -text -in " + certificate);
  EXPECT_THAT(text, HasSubstr("ASN1 OID: prime256v1"));
  EXPECT_THAT(text, HasSubstr("TLS Web Server Authentication"));
  EXPECT_THAT(text, HasSubstr("CA:FALSE"));
  EXPECT_THAT(openssl("x509 -noout -text -in " + ca), HasSubstr("CA:TRUE, pathlen:0"));
}

TEST(Certificate, NoTwoHaveTheSameSerialNumberOrKey) {
  const KeyPair first = authority();
  const KeyPair second = authority();
  EXPECT_NE(first.certificate, second.certificate);
  EXPECT_NE(first.key, second.key);
}

TEST(Certificate, AnAuthorityThatCannotBeReadCannotSign) {
  const KeyPair good = authority();
  for (const KeyPair& bad : {KeyPair{"", ""}, KeyPair{good.certificate, ""}, KeyPair{"", good.key},
                             KeyPair{good.certificate, authority().key}}) {
    const auto made = crypto::issue(wanted("server"), bad);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, base::ErrorCode::kInvalid);
  }
}

TEST(Certificate, WhatIsNoneIsInvalid) {
  const std::string good = authority().certificate;
  for (const std::string& text :
       {std::string(), std::string("nonsense"), good.substr(0, good.size() / 2),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    EXPECT_FALSE(crypto::read_certificate(text)) << text;
    EXPECT_THAT(crypto::split_certificates(text), IsEmpty());
  }
}

TEST(Certificate, ManyInOneTextAreTakenApart) {
  const std::string first = authority("first").certificate;
  const std::string second = authority("second").certificate;
  const auto texts = crypto::split_certificates("# about them\n" + first + "\n" + second + "rest");
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_EQ(crypto::read_certificate(texts[1])->name, "second");
  std::string many;
  for (std::size_t i = 0; i < limits::kAuthorities + 5; ++i) many += first;
  EXPECT_EQ(crypto::split_certificates(many).size(), limits::kAuthorities);
}

}  // namespace
