#include "registry/url.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace {

using registry::parse_url;
using registry::resolve_url;
using registry::Url;

std::string text(const base::Result<Url>& url) {
  return url ? url->server.text() + url->target : "refused";
}

std::string resolved(const std::string& base, const std::string& reference) {
  return text(resolve_url(*parse_url(base), reference));
}

TEST(Url, HasAHostAPathAndAQuery) {
  const auto url = parse_url("https://AUTH.test:8443/token?a=b%20c#part");
  ASSERT_TRUE(url) << base::to_string(url.error());
  EXPECT_EQ(url->server, (net::ServerUrl{true, "auth.test", 8443, ""}));
  EXPECT_EQ(url->target, "/token?a=b%20c");
  EXPECT_EQ(text(parse_url("http://auth.test")), "http://auth.test/");
  EXPECT_EQ(text(parse_url("https://[::1]:5000/x")), "https://[::1]:5000/x");
  EXPECT_EQ(text(parse_url("https://under_score.test/?")), "https://under_score.test/?");
}

TEST(Url, WhatIsNoneOrHoldsMoreIsRefusedWithoutQuotingIt) {
  for (const std::string wrong : {"",
                                  "x",
                                  "/x",
                                  "//host/x",
                                  "ftp://host/",
                                  "https://",
                                  "https:///x",
                                  "https://user@host/",
                                  "https://user:hidden@host/",
                                  "https://host:0/",
                                  "https://host:99999/",
                                  "https://host:80x/",
                                  "https://ho st/",
                                  "https://host/a b",
                                  "https://host/\r\nX: y",
                                  "https://ho%0ast/",
                                  "https://host%3A80x/",
                                  "https://a%3Ab/",
                                  "https://%68idden\x01/",
                                  "https://host/\x80",
                                  "mailto:a@b",
                                  "https:host"}) {
    const auto url = parse_url(wrong);
    ASSERT_FALSE(url) << wrong;
    EXPECT_EQ(url.error().code, base::ErrorCode::kInvalid);
    EXPECT_EQ(url.error().message.find("hidden"), std::string::npos);
  }
  EXPECT_FALSE(parse_url("https://host/" + std::string(limits::kUrlBytes, 'x')));
  EXPECT_FALSE(parse_url("https://" + std::string(limits::kHostBytes + 1, 'x')));
}

TEST(Url, ALocationIsReadFromWhereItWasGiven) {
  const std::string base = "https://reg.test:5000/v2/a/blobs/uploads/?x=y";
  EXPECT_EQ(resolved(base, "/v2/up?s=1%3D&t"), "https://reg.test:5000/v2/up?s=1%3D&t");
  EXPECT_EQ(resolved(base, "up"), "https://reg.test:5000/v2/a/blobs/uploads/up");
  EXPECT_EQ(resolved(base, "../up"), "https://reg.test:5000/v2/a/blobs/up");
  EXPECT_EQ(resolved(base, "?z=1"), "https://reg.test:5000/v2/a/blobs/uploads/?z=1");
  EXPECT_EQ(resolved(base, "https://other.test/up"), "https://other.test/up");
  EXPECT_EQ(resolved(base, "//other.test/up"), "https://other.test/up");
  EXPECT_EQ(resolved(base, "http://reg.test:5000/up"), "http://reg.test:5000/up");
  EXPECT_EQ(resolved("https://reg.test", "up"), "https://reg.test/up");
}

TEST(Url, ALocationThatIsNoneIsRefused) {
  for (const std::string wrong : {"", "a b", "http://[x", "\r\n", "ftp://x/", "https://u@x/"}) {
    EXPECT_EQ(resolved("https://reg.test/", wrong), "refused") << wrong;
  }
}

TEST(Url, AParameterIsAddedEncoded) {
  const auto url = parse_url("https://reg.test/token");
  const Url first = registry::with_parameter(*url, "scope", "repository:a/b:pull,push");
  EXPECT_EQ(first.target, "/token?scope=repository%3Aa%2Fb%3Apull%2Cpush");
  EXPECT_EQ(registry::with_parameter(first, "digest", "sha256:\r\n&=ä").target,
            first.target + "&digest=sha256%3A%0D%0A%26%3D%C3%A4");
}

TEST(Url, TheSameHostIsTheSameWayToItOrABetterOne) {
  const auto same = [](const std::string& from, const std::string& to) {
    return registry::same_host(parse_url(from)->server, parse_url(to)->server);
  };
  EXPECT_TRUE(same("https://reg.test/", "https://reg.test:443/x"));
  EXPECT_TRUE(same("http://reg.test/", "https://reg.test/"));
  EXPECT_TRUE(same("http://reg.test:5000/", "http://REG.test:5000/"));
  EXPECT_FALSE(same("https://reg.test/", "http://reg.test/"));
  EXPECT_FALSE(same("https://reg.test/", "https://reg.test:5000/"));
  EXPECT_FALSE(same("https://reg.test/", "https://reg.test.evil.test/"));
  EXPECT_FALSE(same("http://reg.test:5000/", "http://reg.test:5001/"));
}

}  // namespace
