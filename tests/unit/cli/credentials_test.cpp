#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/check.h"
#include "cli/docker_credentials.h"
#include "cli/loop.h"

namespace cli {
namespace {

using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

constexpr const char* kAuths =
    R"({"auths":{"ghcr.io":{"auth":"dXNlcjpwYXNzd29yZA=="}}})";  // user:password

class Credentials : public testing::Test {
 protected:
  Credentials() {
    fs::create_directories(folder_);
    path_ = base::variable(base::process_environment(), "PATH");
    ::setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
  }
  ~Credentials() override {
    ::setenv("PATH", path_.c_str(), 1);
    fs::remove_all(folder_);
  }

  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path.string();
  }

  // A credential helper that runs this script.
  void helper(const std::string& name, const std::string& script) {
    write("docker-credential-" + name, "#!/bin/sh\n" + script + "\n", 0700);
  }

  base::Result<std::optional<registry::Credentials>> find(const std::string& image) {
    const auto credentials = DockerCredentials::load(environment_);
    if (!credentials) return credentials.error();
    Loop loop;
    return loop.run(credentials->find(loop.executor(), *api::parse_image_reference(image)));
  }

  fs::path folder_ = fs::temp_directory_path() / ("credentials-" + std::to_string(::getpid()));
  std::string path_;
  base::EnvironmentVariables environment_ = {{"HOME", folder_.string()}};
};

TEST_F(Credentials, TheFirstFileThatExistsIsRead) {
  EXPECT_EQ(docker_config_file(environment_), "");
  environment_["XDG_RUNTIME_DIR"] = (folder_ / "run").string();
  const std::string podman = write("run/containers/auth.json", "{}");
  EXPECT_EQ(docker_config_file(environment_), podman);
  environment_["REGISTRY_AUTH_FILE"] = write("auth.json", "{}");
  EXPECT_EQ(docker_config_file(environment_), environment_["REGISTRY_AUTH_FILE"]);
  const std::string home = write(".docker/config.json", "{}");
  EXPECT_EQ(docker_config_file(environment_), home);
  environment_["DOCKER_CONFIG"] = (folder_ / "other").string();
  EXPECT_EQ(docker_config_file(environment_), environment_["REGISTRY_AUTH_FILE"]);
  const std::string other = write("other/config.json", "{}");
  EXPECT_EQ(docker_config_file(environment_), other);
}

TEST_F(Credentials, WithoutAFileThereAreNone) {
  const auto found = find("ghcr.io/org/app");
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_F(Credentials, TheFileItselfHoldsThem) {
  write(".docker/config.json", kAuths);
  const auto found = find("ghcr.io/org/app");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->username, "user");
  EXPECT_EQ((*found)->password, "password");
  EXPECT_FALSE(*find("quay.io/org/app"));
}

TEST_F(Credentials, AHelperIsAskedForTheRegistry) {
  write(".docker/config.json", R"({"credHelpers":{"ghcr.io":"test"}})");
  helper("test",
         "read server; [ \"$1\" = get ] && "
         "echo '{\"ServerURL\":\"'$server'\",\"Username\":\"helped\",\"Secret\":\"s\"}'");
  const auto found = find("ghcr.io/org/app");
  ASSERT_TRUE(found && *found) << to_string(found.error());
  EXPECT_EQ((*found)->username, "helped");
  EXPECT_EQ((*found)->password, "s");
}

TEST_F(Credentials, AStoreIsAskedForDockerHubByItsOldName) {
  write(".docker/config.json", R"({"credsStore":"test"})");
  helper("test",
         "read server; echo \"{\\\"Username\\\":\\\"<token>\\\",\\\"Secret\\\":\\\"$server\\\"}\"");
  const auto found = find("alpine");
  ASSERT_TRUE(found && *found) << to_string(found.error());
  EXPECT_EQ((*found)->identity_token, "https://index.docker.io/v1/");
  EXPECT_EQ((*found)->username, "");
}

TEST_F(Credentials, AHelperWithoutAnEntryLeavesItToTheFile) {
  write(".docker/config.json",
        R"({"credsStore":"test","auths":{"ghcr.io":{"auth":"dXNlcjpwYXNzd29yZA=="}}})");
  helper("test", "echo credentials not found in native keychain; exit 1");
  EXPECT_EQ((*find("ghcr.io/org/app"))->username, "user");
  EXPECT_FALSE(*find("quay.io/org/app"));
}

TEST_F(Credentials, AHelperThatFailsIsNamed) {
  write(".docker/config.json", R"({"credsStore":"test"})");
  EXPECT_THAT(find("ghcr.io/a").error().message,
              testing::AllOf(HasSubstr("docker-credential-test"), HasSubstr("no such program")));
  helper("test", "echo the keychain is locked; exit 3");
  EXPECT_EQ(find("ghcr.io/a").error().message,
            "docker-credential-test: exit code 3: the keychain is locked");
  helper("test", "echo hunter2");
  EXPECT_THAT(find("ghcr.io/a").error().message, Not(HasSubstr("hunter2")));
  helper("test", "yes");
  EXPECT_EQ(find("ghcr.io/a").error().code, base::ErrorCode::kTooLarge);
}

TEST_F(Credentials, AFileThatCannotBeReadIsNamed) {
  const std::string file = write(".docker/config.json", "{");
  EXPECT_THAT(find("ghcr.io/a").error().message, HasSubstr(file));
}

TEST(Check, AnswersArePrinted) {
  const std::vector<Checked> checked = {
      {"ghcr.io/a", {registry::Answer::kGranted, ""}},
      {"quay.io/b", {registry::Answer::kDenied, "401 Unauthorized"}}};
  EXPECT_EQ(print(checked, Output::kPeople),
            "IMAGE       PUSH      MESSAGE\n"
            "ghcr.io/a   Granted\n"
            "quay.io/b   Denied    401 Unauthorized\n");
  EXPECT_THAT(print(checked, Output::kJson), HasSubstr(R"("pushPermission": "Denied")"));
}

}  // namespace
}  // namespace cli
