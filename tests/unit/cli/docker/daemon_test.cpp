#include "cli/docker/daemon.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <vector>

#include "base/clock.h"
#include "crypto/digest.h"
#include "support/coroutine_test.h"
#include "support/scripted_server.h"
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

TEST_F(Daemon, AContextThatIsNotThereIsReportedWithWhoNamesIt) {
  environment_["DOCKER_CONTEXT"] = "gone";
  EXPECT_THAT(failure(), HasSubstr("DOCKER_CONTEXT names the Docker context gone"));
  environment_.erase("DOCKER_CONTEXT");
  folder_.write(".docker/config.json", R"({"currentContext":"gone"})");
  EXPECT_THAT(failure(), AllOf(HasSubstr("currentContext of "), HasSubstr("docker context ls")));
}

TEST_F(Daemon, AnEndpointThatIsNoSocketIsReportedWithTheRemedy) {
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

// SavedImage is the fixture of an image that is read from a daemon into a file.
class SavedImage : public support::CoroutineTest {
 protected:
  base::Result<void> save(const std::string& image = "app:1") {
    const std::string file = folder_.write("image", "");
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    const auto saved = run(saving(descriptor, image));
    ::close(descriptor);
    return saved;
  }

  std::string failure() {
    const auto saved = save();
    return saved ? "" : base::to_string(saved.error());
  }

  const support::TemporaryFolder folder_;
  const std::string socket_ = folder_.path("socket");
  std::vector<std::uint64_t> progress_;

 private:
  boost::asio::awaitable<base::Result<void>> saving(int descriptor, std::string image) {
    auto save = save_image(io_.get_executor(), clock_, socket_, std::move(image), descriptor,
                           [this](std::uint64_t bytes) { progress_.push_back(bytes); });
    auto saved = co_await std::move(save);
    co_return saved;
  }

  base::SystemClock clock_;
};

TEST_F(SavedImage, IsWrittenWholeWithItsProgress) {
  const std::string image(1 << 20, 'i');
  std::string asked;
  testing_tls::ScriptedServer daemon(socket_, [&](testing_tls::Peer& peer) {
    asked = peer.request().value_or("");
    peer.begin_chunks();
    peer.chunk(image);
    peer.chunk("end");
    peer.send("0\r\n\r\n");
  });
  const auto saved = save("org/app:1");
  ASSERT_TRUE(saved) << base::to_string(saved.error());
  EXPECT_EQ(folder_.read("image"), image + "end");
  ASSERT_FALSE(progress_.empty());
  EXPECT_EQ(progress_.back(), image.size() + 3);
  EXPECT_EQ(asked,
            "GET /images/org/app:1/get HTTP/1.1\r\nHost: localhost\r\n"
            "User-Agent: kubectl-localregistry\r\n\r\n");
}

TEST_F(SavedImage, ARefusalIsReportedWithTheReasonOfTheDaemon) {
  int status = 404;
  testing_tls::ScriptedServer daemon(socket_, [&](testing_tls::Peer& peer) {
    peer.request();
    peer.answer(status, R"({"message":"no space left"})");
  });
  const std::string name = "the daemon at " + socket_ + ": ";
  EXPECT_EQ(failure(), "NotFound: " + name + "it has no image app:1");
  status = 500;
  EXPECT_EQ(failure(),
            "Internal: " + name +
                "it answers HTTP status 500 to the request for image app:1: no space left");
}

TEST_F(SavedImage, AnErrorOfTheExchangeNamesTheSocket) {
  const std::string name = "the daemon at " + socket_ + ": ";
  EXPECT_EQ(failure(), "Network: " + name + "No such file or directory");
  bool begin = false;
  testing_tls::ScriptedServer daemon(socket_, [&](testing_tls::Peer& peer) {
    peer.request();
    if (!begin) return;
    peer.begin_chunks();
    peer.chunk("part");
  });
  EXPECT_EQ(failure(), "Network: " + name + "the connection was closed before an answer came");
  begin = true;
  EXPECT_EQ(failure(),
            "Network: " + name + "the connection was closed in the middle of the answer");
  EXPECT_EQ(folder_.read("image"), "part");
  const auto unusable = save("two words");
  ASSERT_FALSE(unusable);
  EXPECT_EQ(unusable.error(),
            (base::Error{base::ErrorCode::kInvalid, "the path of the request is not URL-encoded"}));
}

}  // namespace
}  // namespace cli
