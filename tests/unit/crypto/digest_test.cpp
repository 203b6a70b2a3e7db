#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using crypto::sha256;

TEST(Digests, AreSha256OrSha512InLowerCase) {
  EXPECT_TRUE(crypto::is_digest(sha256("x")));
  EXPECT_TRUE(crypto::is_digest("sha512:" + std::string(128, 'a')));
  for (const std::string& wrong :
       {std::string(), std::string("sha256:"), std::string("md5:") + std::string(32, 'a'),
        "sha256:" + std::string(63, 'a'), "sha256:" + std::string(64, 'A'),
        "sha256:" + std::string(61, 'a') + "/..", "sha512:" + std::string(64, 'a')}) {
    EXPECT_FALSE(crypto::is_digest(wrong)) << wrong;
  }
  EXPECT_EQ(sha256("abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digests, AreComputedFromPieces) {
  for (const std::string algorithm : {"sha256:", "sha512:"}) {
    crypto::Hasher hasher(algorithm);
    hasher.add("a");
    hasher.add("bc");
    const std::string digest = hasher.digest();
    EXPECT_TRUE(crypto::is_digest(digest)) << digest;
    EXPECT_TRUE(crypto::matches(digest, "abc"));
    EXPECT_FALSE(crypto::matches(digest, "abd"));
  }
}

}  // namespace
