#include <gmock/gmock.h>

#include "unit/registry/checker_fixture.h"

namespace {

using namespace fake_registry;
using testing::ElementsAre;
using testing::HasSubstr;
using Lines = std::vector<std::string>;

class PushCheck : public CheckerTest {
 protected:
  Answer answer_to(Reply begin) {
    Registry registry;
    registry.begin = std::move(begin);
    FakeServer server(registry, tls());
    last_ = check(server);
    return last_.answer;
  }

  PushAnswer last_;
};

TEST_F(PushCheck, AnUploadThatBeginsIsGrantedAndCancelled) {
  FakeServer server(Registry{}, tls());
  const auto answer = check(server);
  EXPECT_EQ(answer.answer, Answer::kGranted) << answer.message;
  EXPECT_EQ(answer.message, server.authority() + " allows pushing org/app");
  EXPECT_THAT(server.lines(), ElementsAre("GET /v2/", "POST /v2/org/app/blobs/uploads/",
                                          "DELETE /v2/org/app/blobs/uploads/one?_state=a%3Db"));
  EXPECT_EQ(server.connections(), 1) << "one connection serves them all";
}

TEST_F(PushCheck, CreatedIsGrantedAsAcceptedIs) {
  EXPECT_EQ(answer_to({201, "Location: /v2/org/app/blobs/uploads/one\r\n"}), Answer::kGranted);
}

TEST_F(PushCheck, TheUploadIsCancelledWhereverItsLocationIs) {
  for (const std::string_view location :
       {"/v2/org/app/blobs/uploads/one", "one", "./one?a=b&c=d", "../uploads/x/../one",
        "https://AUTHORITY/v2/org/app/blobs/uploads/one", "//AUTHORITY/v2/one",
        // These name the registry itself, so they are requested by HTTPS.
        "http://AUTHORITY/v2/one", "http://127.0.0.1/v2/one"}) {
    Lines lines;
    Registry registry;
    FakeServer server(
        [&](const Seen& seen, Peer& peer) {
          std::string text(location);
          const std::size_t at = text.find("AUTHORITY");
          if (at != std::string::npos) text.replace(at, 9, seen.header("Host"));
          Registry copy = registry;
          copy.begin.headers = "Location: " + text + "\r\n";
          return copy(seen, peer);
        },
        tls());
    EXPECT_EQ(check(server).answer, Answer::kGranted) << location;
    EXPECT_THAT(server.seen().back().line(), testing::ContainsRegex("DELETE /v2/.*one"))
        << location;
  }
}

TEST_F(PushCheck, AnUploadThatGoesOnByPlainHttpIsGrantedAndNotCancelledThere) {
  FakeServer elsewhere(Registry{});
  EXPECT_EQ(answer_to({202, "Location: http://" + elsewhere.authority() + "/v2/one\r\n"}),
            Answer::kGranted);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(PushCheck, AnUploadThatCannotBeCancelledIsStillGranted) {
  for (const std::string_view location :
       {"", "Location:\r\n", "Location: http://[broken\r\n", "Location: ftp://127.0.0.1/x\r\n",
        "Location: https://user:pass@127.0.0.1/x\r\n"}) {
    EXPECT_EQ(answer_to({202, std::string(location)}), Answer::kGranted) << location;
  }
  Registry registry;
  registry.remove = {500};
  FakeServer server(registry, tls());
  EXPECT_EQ(check(server).answer, Answer::kGranted);
}

TEST_F(PushCheck, ARegistryThatHangsAtTheCancellationHasGranted) {
  options_.cancel_timeout = 200ms;  // does not shorten the requests before the cancellation
  FakeServer server(
      [](const Seen& seen, Peer& peer) {
        return seen.method == "DELETE" ? !peer.some().empty() : Registry{}(seen, peer);
      },
      tls());
  const auto begin = clock_.now();
  EXPECT_EQ(check(server).answer, Answer::kGranted);
  EXPECT_GE(clock_.now() - begin, options_.cancel_timeout) << "it was not asked to";
}

TEST_F(PushCheck, ARefusalIsDenied) {
  for (const int status : {401, 403}) {
    EXPECT_EQ(answer_to({status}), Answer::kDenied) << status;
    EXPECT_THAT(last_.message,
                HasSubstr("does not allow pushing org/app without credentials (HTTP status " +
                          std::to_string(status)));
  }
}

TEST_F(PushCheck, ARepositoryThatIsNotThereIsDenied) {
  EXPECT_EQ(answer_to({404}), Answer::kDenied);
  EXPECT_THAT(last_.message, HasSubstr("repository org/app does not exist on "));
}

TEST_F(PushCheck, EveryOtherStatusIsUnknownAndTold) {
  for (const int status : {200, 204, 400, 405, 429, 500, 502, 503, 599}) {
    EXPECT_EQ(answer_to({status}), Answer::kUnknown) << status;
    EXPECT_THAT(last_.message, HasSubstr("HTTP status " + std::to_string(status)));
  }
}

TEST_F(PushCheck, WhatTheRegistrySaysInWordsIsNotRepeated) {
  answer_to({403, "", R"({"errors":[{"code":"DENIED","message":"hiddenpassword"}]})"});
  EXPECT_EQ(last_.answer, Answer::kDenied);
}

TEST_F(PushCheck, ARegistryThatIsOutOfOrderIsUnknown) {
  for (const int status : {500, 503, 429, 204, 400, 418}) {
    Registry registry;
    registry.ping = {status};
    FakeServer server(registry, tls());
    const auto answer = check(server);
    EXPECT_EQ(answer.answer, Answer::kUnknown) << status;
    EXPECT_THAT(answer.message, HasSubstr("HTTP status " + std::to_string(status)));
    EXPECT_THAT(server.lines(), ElementsAre("GET /v2/"));
  }
}

TEST_F(PushCheck, ARegistryThatHidesItsRootIsAskedAllTheSame) {
  for (const int status : {403, 404}) {
    Registry registry;
    registry.ping = {status};
    FakeServer server(registry, tls());
    EXPECT_EQ(check(server).answer, Answer::kGranted) << status;
  }
}

TEST_F(PushCheck, TheRequestsSayWhoAsks) {
  FakeServer server(Registry{}, tls());
  check(server);
  for (const Seen& seen : server.seen()) {
    EXPECT_EQ(seen.header("Host"), server.authority());
    EXPECT_EQ(seen.header("User-Agent"), "local-registry-operator");
    EXPECT_EQ(seen.header("Authorization"), "");
  }
  EXPECT_EQ(server.seen().at(1).header("Content-Length"), "0");
}

TEST_F(PushCheck, AConnectionThatIsClosedAfterEachAnswerDoesNotMatter) {
  FakeServer server(
      [](const Seen& seen, Peer& peer) {
        Registry{}(seen, peer);
        return false;
      },
      tls());
  EXPECT_EQ(check(server).answer, Answer::kGranted);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(PushCheck, ManyChecksRunSideBySide) {
  FakeServer server(Registry{}, tls());
  PushChecker checker(io_.get_executor(), clock_, options_);
  std::vector<Started<PushAnswer>> started(20);
  for (auto& one : started) start(checker.check(image(server.authority()), {}), one);
  for (auto& one : started) {
    finish(one);
    ASSERT_TRUE(one.value);
    EXPECT_EQ(one.value->answer, Answer::kGranted) << one.value->message;
  }
}

TEST_F(PushCheck, AnImageWithoutARegistryIsUnknown) {
  EXPECT_EQ(check("").answer, Answer::kUnknown);
}

}  // namespace
