#include "cli/docker/credentials.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/terminal/loop.h"

namespace cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
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

  // Writes a credential helper that runs `script`.
  void helper(const std::string& name, const std::string& script) {
    write("docker-credential-" + name, "#!/bin/sh\n" + script + "\n", 0700);
  }

  base::Result<std::optional<registry::Credentials>> find(const std::string& image) {
    const DockerCredentials credentials(environment_);
    Loop loop;
    return loop.run(credentials.find(loop.executor(), *api::parse_image_reference(image)));
  }

  fs::path folder_ = fs::temp_directory_path() / ("credentials-" + std::to_string(::getpid()));
  std::string path_;
  base::EnvironmentVariables environment_ = {{"HOME", folder_.string()}};
};

TEST_F(Credentials, TheFilesOfDockerAndPodmanAreAskedInOrder) {
  EXPECT_THAT(credential_files(environment_), IsEmpty());
  const std::string config = write(".config/containers/auth.json", "{}");
  environment_["XDG_RUNTIME_DIR"] = (folder_ / "run").string();
  const std::string podman = write("run/containers/auth.json", "{}");
  EXPECT_THAT(credential_files(environment_), ElementsAre(podman, config));
  const std::string home = write(".docker/config.json", "{}");
  environment_["REGISTRY_AUTH_FILE"] = write("auth.json", "{}");
  const std::string& named = environment_["REGISTRY_AUTH_FILE"];
  EXPECT_THAT(credential_files(environment_), ElementsAre(named, home, podman, config));
  environment_["DOCKER_CONFIG"] = (folder_ / "other").string();
  environment_["XDG_CONFIG_HOME"] = (folder_ / "xdg").string();
  EXPECT_THAT(credential_files(environment_), ElementsAre(named, podman));
  const std::string other = write("other/config.json", "{}");
  const std::string xdg = write("xdg/containers/auth.json", "{}");
  EXPECT_THAT(credential_files(environment_), ElementsAre(named, other, podman, xdg));
}

TEST_F(Credentials, TheVariableOfDockerWinsOverFilesAndHelpers) {
  write(".docker/config.json", R"({"auths":{"ghcr.io":{"auth":"amFuZTp3cm9uZw=="},)"
                               R"("quay.io":{"auth":"amFuZTp3cm9uZw=="}},"credsStore":"none"})");
  helper("none", R"(echo "credentials not found"; exit 1)");
  environment_["DOCKER_AUTH_CONFIG"] = kAuths;
  EXPECT_EQ((*find("ghcr.io/org/app"))->password, "password");
  EXPECT_EQ((*find("quay.io/org/app"))->password, "wrong");
}

TEST_F(Credentials, AVariableThatCannotBeReadIsAWarningWithoutItsValue) {
  write(".docker/config.json", kAuths);
  environment_["DOCKER_AUTH_CONFIG"] = R"({"auths":{"ghcr.io":{"auth":"hunter2hunter2!"}}})";
  const DockerCredentials credentials(environment_);
  EXPECT_THAT(credentials.warning(), testing::AllOf(HasSubstr("DOCKER_AUTH_CONFIG is not used"),
                                                    Not(HasSubstr("hunter"))));
  EXPECT_EQ((*find("ghcr.io/org/app"))->password, "password");
}

TEST_F(Credentials, TheFirstFileWithAnEntryForTheRegistryWins) {
  write(".docker/config.json", kAuths);
  environment_["REGISTRY_AUTH_FILE"] =
      write("auth.json", R"({"auths":{"quay.io":{"auth":"bmFtZWQ6cA=="}}})");  // named:p
  environment_["XDG_RUNTIME_DIR"] = (folder_ / "run").string();
  write("run/containers/auth.json",
        R"({"auths":{"ghcr.io":{"auth":"cG9kbWFuOnA="},"docker.io":{"auth":"cG9kbWFuOnA="}}})");
  EXPECT_EQ((*find("quay.io/org/app"))->username, "named");
  EXPECT_EQ((*find("ghcr.io/org/app"))->username, "user");
  EXPECT_EQ((*find("alpine"))->username, "podman");
  EXPECT_FALSE(*find("gcr.io/org/app"));
}

TEST_F(Credentials, AFileThatCannotBeReadStandsInTheWayOnlyOfThoseAfterIt) {
  write(".docker/config.json", kAuths);
  environment_["XDG_RUNTIME_DIR"] = (folder_ / "run").string();
  const std::string broken = write("run/containers/auth.json", "{");
  EXPECT_EQ((*find("ghcr.io/org/app"))->username, "user");
  EXPECT_THAT(find("quay.io/org/app").error().message, HasSubstr(broken));
}

TEST_F(Credentials, AHelperThatAnswersWithNothingHasNoEntry) {
  write(".docker/config.json", R"({"credsStore":"test"})");
  for (const char* answer : {R"({"ServerURL":"ghcr.io","Username":"","Secret":""})", "{}",
                             R"({"Username":"<token>","Secret":""})"}) {
    helper("test", "echo '" + std::string(answer) + "'");
    const auto found = find("ghcr.io/org/app");
    ASSERT_TRUE(found) << answer << to_string(found.error());
    EXPECT_FALSE(*found) << answer;
  }
  helper("test", R"(echo '{"Username":"name","Secret":""}')");
  EXPECT_EQ((*find("ghcr.io/org/app"))->username, "name");
}

TEST_F(Credentials, HelpersSayInSeveralWaysThatThereAreNone) {
  write(".docker/config.json", R"({"credsStore":"test"})");
  for (const char* text : {"credentials not found in native keychain", "Credentials not found",
                           "The specified item could not be found in the keychain."}) {
    helper("test", "echo '" + std::string(text) + "'; exit 1");
    const auto found = find("ghcr.io/org/app");
    ASSERT_TRUE(found) << text << to_string(found.error());
    EXPECT_FALSE(*found);
  }
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
              testing::AllOf(HasSubstr("docker-credential-test"), HasSubstr("not on PATH")));
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

}  // namespace
}  // namespace cli
