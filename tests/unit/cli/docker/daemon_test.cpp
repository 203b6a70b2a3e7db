#include "cli/docker/daemon.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "support/temporary_folder.h"

namespace cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Daemon : public testing::Test {
 protected:
  // Writes a Docker context with this endpoint.
  void context(const std::string& name, const std::string& host) const {
    const std::string digest = crypto::sha256(name).substr(std::string("sha256:").size());
    folder_.write(".docker/contexts/meta/" + digest + "/meta.json",
                  R"({"Name":")" + name + R"(","Metadata":{},"Endpoints":{"docker":{"Host":")" +
                      host + R"(","SkipTLSVerify":false}}})");
  }

  std::string socket() const {
    const auto found = daemon_socket(environment_);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : "";
  }

  std::string failure() const {
    const auto found = daemon_socket(environment_);
    return found ? *found : found.error().message;
  }

  support::TemporaryFolder folder_;
  base::EnvironmentVariables environment_ = {{"HOME", folder_.path("")}};
};

TEST_F(Daemon, IsThatOfTheCurrentContext) {
  folder_.write(".docker/config.json", R"({"auths":{},"currentContext":"colima"})");
  context("colima", "unix:///run/colima/docker.sock");
  EXPECT_EQ(socket(), "/run/colima/docker.sock");
}

TEST_F(Daemon, TheEnvironmentWinsOverTheCurrentContext) {
  folder_.write(".docker/config.json", R"({"currentContext":"colima"})");
  context("colima", "unix:///run/colima/docker.sock");
  context("other", "unix:///run/other.sock");
  environment_["DOCKER_CONTEXT"] = "other";
  EXPECT_EQ(socket(), "/run/other.sock");
  environment_["DOCKER_HOST"] = "unix:///run/host.sock";
  EXPECT_EQ(socket(), "/run/host.sock");
}

TEST_F(Daemon, AContextThatIsNotThereIsToldWithWhoNamesIt) {
  environment_["DOCKER_CONTEXT"] = "gone";
  EXPECT_THAT(failure(), HasSubstr("DOCKER_CONTEXT names the Docker context gone"));
  environment_.erase("DOCKER_CONTEXT");
  folder_.write(".docker/config.json", R"({"currentContext":"gone"})");
  EXPECT_THAT(failure(), AllOf(HasSubstr("currentContext of "), HasSubstr("docker context ls")));
}

TEST_F(Daemon, AnEndpointThatIsNoSocketIsToldWithTheRemedy) {
  context("remote", "ssh://user@host");
  environment_["DOCKER_CONTEXT"] = "remote";
  EXPECT_THAT(failure(), AllOf(HasSubstr("the Docker context remote is ssh://user@host"),
                               HasSubstr("docker save"), HasSubstr("--archive")));
  environment_["DOCKER_HOST"] = "tcp://127.0.0.1:2375";
  EXPECT_THAT(failure(), HasSubstr("DOCKER_HOST is tcp://127.0.0.1:2375"));
}

TEST_F(Daemon, WithoutAChoiceTheSocketsOfDockerAndPodmanAreTried) {
  if (::access("/var/run/docker.sock", F_OK) == 0) GTEST_SKIP() << "there is a Docker daemon";
  environment_["DOCKER_CONTEXT"] = "default";
  environment_["XDG_RUNTIME_DIR"] = folder_.path("run");
  const std::string podman = folder_.write("run/podman/podman.sock", "");
  EXPECT_EQ(socket(), podman);
  const std::string docker = folder_.write("run/docker.sock", "");
  EXPECT_EQ(socket(), docker);
}

}  // namespace
}  // namespace cli
