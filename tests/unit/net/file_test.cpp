#include "net/file.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "support/temporary_folder.h"

namespace {

using base::ErrorCode;
using support::TemporaryFolder;

TEST(CredentialFile, IsBoundedAndPlain) {
  const TemporaryFolder folder;
  const std::string large = folder.write("large", std::string(limits::kCredentialBytes + 1, 'x'));
  EXPECT_EQ(net::read_credential_file(large).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(net::read_credential_file(folder.path("")).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(net::read_credential_file(folder.path("none")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(*net::read_credential_file(folder.write("small", "x\n")), "x\n");
}

TEST(CredentialFile, AnErrorNamesTheFile) {
  const TemporaryFolder folder;
  const auto content = net::read_credential_file(folder.path("none"));
  EXPECT_THAT(content.error().message, testing::HasSubstr("none: No such file"));
}

}  // namespace
