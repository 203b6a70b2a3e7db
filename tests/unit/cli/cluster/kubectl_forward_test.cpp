#include "cli/cluster/kubectl_forward.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <sstream>

#include "async/parallel.h"
#include "cli/terminal/loop.h"
#include "support/temporary_folder.h"

namespace cli {
namespace {

using testing::ElementsAre;

TEST(KubectlForward, SaysToKubectlWhichClusterAndPod) {
  Connection connection;
  const ForwardTarget target{"team", "pod/registry-x", 5000, "1"};
  EXPECT_THAT(forward_arguments(connection, target, 0),
              ElementsAre("port-forward", "--address", "127.0.0.1", "--namespace", "team",
                          "pod/registry-x", ":5000"));
  connection.kubeconfig = "file";
  connection.context = "c";
  EXPECT_THAT(
      forward_arguments(connection, target, 40001),
      ElementsAre("port-forward", "--address", "127.0.0.1", "--namespace", "team", "--kubeconfig",
                  "file", "--context", "c", "pod/registry-x", "40001:5000"));
}

TEST(KubectlForward, ThePortIsReadFromWhatKubectlPrints) {
  EXPECT_EQ(forwarded_port("Forwarding from 127.0.0.1:40001 -> 5000\n"), 40001);
  EXPECT_EQ(forwarded_port("Forwarding from 127.0.0.1:400"), 0);
  EXPECT_EQ(forwarded_port("Handling connection for 40001\n"), 0);
  EXPECT_EQ(forwarded_port(""), 0);
}

TEST(KubectlForward, ItsLinesAreRoutineOrAProblemOrForTheUser) {
  EXPECT_EQ(kind_of_line("Forwarding from [::1]:40001 -> 5000"), ForwardLine::kRoutine);
  EXPECT_EQ(kind_of_line("Handling connection for 40001"), ForwardLine::kRoutine);
  EXPECT_EQ(kind_of_line("E1129 13:58:01.123456  12 portforward.go:424] \"Unhandled Error\""),
            ForwardLine::kLog);
  EXPECT_EQ(kind_of_line("error: lost connection to pod"), ForwardLine::kProblem);
  EXPECT_EQ(kind_of_line("Error from server (NotFound): pods \"a\" not found"),
            ForwardLine::kProblem);
  EXPECT_EQ(kind_of_line("To sign in, open https://idp.test and enter ABC"), ForwardLine::kOther);
  EXPECT_EQ(kind_of_line("E1129"), ForwardLine::kOther);
  EXPECT_EQ(kind_of_line(""), ForwardLine::kOther);
}

// Forward runs a script in place of kubectl. The script reports that it listens, prints a problem,
// and ends when the file `end` exists.
class Forward : public testing::Test {
 protected:
  Forward() {
    folder_.script("kubectl",
                   "echo \"$@\" >>" + folder_.path("ran") + "\nif [ -e " + folder_.path("broken") +
                       " ]; then echo 'error: no such pod' >&2; exit 1; fi"
                       "\necho 'Forwarding from 127.0.0.1:40001 -> 5000'"
                       "\necho 'E1129 13:58:01.1 1 x.go:1] \"Unhandled Error\"' >&2"
                       "\necho 'open https://idp.test' >&2"
                       "\nwhile [ ! -e " +
                       folder_.path("end") + " ]; do sleep 0.02; done\nrm " + folder_.path("end"));
    ::setenv("PATH", (folder_.path("") + ":" + path_).c_str(), 1);
  }
  ~Forward() override { ::setenv("PATH", path_.c_str(), 1); }

  boost::asio::awaitable<Outcome<ForwardTarget>> find() {
    const std::string number = std::to_string(pod_);
    co_return ForwardTarget{"team", "pod/registry-" + number, 5000, number};
  }

  boost::asio::awaitable<void> wait_for_second(KubectlForward& forward, bool kubectl_ends) {
    pod_ = 2;
    if (kubectl_ends) folder_.write("end", "");
    while (forward.pods() < 2) co_await clock_.sleep_for(std::chrono::milliseconds(10));
    co_await forward.wait_for_confirmation();
  }

  boost::asio::awaitable<Outcome<>> follow(KubectlForward& forward, bool kubectl_ends) {
    auto starting = forward.start();
    const Outcome<> started = co_await std::move(starting);
    if (!started) co_return started.error();
    std::vector<boost::asio::awaitable<void>> branches;
    branches.push_back(forward.run());
    branches.push_back(wait_for_second(forward, kubectl_ends));
    co_await async::run_until_one_ends(std::move(branches));
    co_return Outcome<>();
  }

  support::TemporaryFolder folder_;
  const std::string path_ = std::getenv("PATH");
  base::SystemClock clock_;
  std::ostringstream out_;
  std::ostringstream err_;
  Console console_{out_, err_};
  int pod_ = 1;
};

TEST_F(Forward, ItFollowsThePodThatRunsAndKeepsItsPort) {
  Loop loop;
  KubectlForward forward(loop.executor(), clock_, console_, {}, [this] { return find(); });
  const Outcome<> followed = loop.run(follow(forward, true));
  ASSERT_TRUE(followed) << followed.error().message;
  const std::string before = "port-forward --address 127.0.0.1 --namespace team pod/registry-";
  EXPECT_EQ(folder_.read("ran"), before + "1 :5000\n" + before + "2 40001:5000\n");
  // The second kubectl prints its prompt, too. The test may read it or may end before.
  const std::string reported =
      "open https://idp.test\n"
      "note: the connection to pod/registry-1 has ended (\"Unhandled Error\"); connecting again\n";
  EXPECT_THAT(err_.str(), testing::AnyOf(reported, reported + "open https://idp.test\n"));
}

TEST_F(Forward, ItFollowsThePodAlthoughKubectlDoesNotNotice) {
  Loop loop;
  KubectlForward forward(loop.executor(), clock_, console_, {}, [this] { return find(); });
  const Outcome<> followed = loop.run(follow(forward, false));
  ASSERT_TRUE(followed) << followed.error().message;
  EXPECT_THAT(folder_.read("ran"), testing::EndsWith("pod/registry-2 40001:5000\n"));
  EXPECT_THAT(err_.str(), testing::HasSubstr("the connection to pod/registry-1 has ended (another "
                                             "pod of the registry runs now); connecting again\n"));
}

TEST_F(Forward, WhatKubectlReportsIsInTheError) {
  folder_.write("broken", "");
  Loop loop;
  KubectlForward forward(loop.executor(), clock_, console_, {}, [this] { return find(); });
  const Outcome<> started = loop.run(forward.start());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message,
            "kubectl port-forward to pod/registry-1 in namespace team: error: no such pod");
}

}  // namespace
}  // namespace cli
