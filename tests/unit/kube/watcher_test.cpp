#include "kube/watch/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "api/apps.h"
#include "api/coordination.h"
#include "api/core.h"
#include "api/local_registry.h"
#include "kube/watch/store.h"
#include "support/scripted_transport.h"

namespace kube {
namespace {

using base::Error;
using base::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

// NotingSink keeps names and resourceVersions of the objects, as the contract of WatchSink
// requires.
class NotingSink final : public WatchSink {
 public:
  using Objects = std::map<std::string, std::string>;

  void begin_relist() override {
    relisting_ = true;
    relisted_.clear();
  }
  base::Result<void> put(json::View object) override {
    const auto service = json::decode<api::Service>(object);
    if (!service) return service.error();
    (relisting_ ? relisted_ : objects)[service->metadata.name] = service->metadata.resource_version;
    return {};
  }
  base::Result<void> erase(json::View object) override {
    const auto service = json::decode<api::Service>(object);
    if (!service) return service.error();
    (relisting_ ? relisted_ : objects).erase(service->metadata.name);
    return {};
  }
  void end_relist(std::uint64_t at) override {
    relisting_ = false;
    ++relists;
    revision = at;
    objects = std::exchange(relisted_, {});
  }
  void progress(std::uint64_t at) override { revision = at; }

  Objects objects;
  int relists = 0;
  std::uint64_t revision = 0;

 private:
  bool relisting_ = false;
  Objects relisted_;
};

class Counts final : public WatchObserver {
 public:
  void restarted(const api::ResourceType&, RestartReason reason) override {
    restarts.emplace_back(name(reason));
  }
  void malformed(const api::ResourceType&) override { ++malformed_objects; }
  void waiting(const api::ResourceType&, const std::string& text) override {
    waits.push_back(text);
  }

  std::vector<std::string> restarts;
  std::vector<std::string> waits;
  int malformed_objects = 0;
};

std::string object(const std::string& name, int version) {
  return R"({"metadata":{"namespace":"team","name":")" + name + R"(","resourceVersion":")" +
         std::to_string(version) + R"("}})";
}
std::string event(const std::string& type, const std::string& name, int version) {
  return R"({"type":")" + type + R"(","object":)" + object(name, version) + "}";
}
std::string bookmark(int version, bool end = false) {
  const std::string annotations =
      end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "";
  return R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" +
         std::to_string(version) + "\"" + annotations + "}}}";
}
std::string error_event(int code, const std::string& reason) {
  return R"({"type":"ERROR","object":{"kind":"Status","message":"m","reason":")" + reason +
         R"(","code":)" + std::to_string(code) + "}}";
}
std::string page(const std::string& version, const std::string& next,
                 const std::vector<std::string>& items) {
  std::string text = R"({"metadata":{"resourceVersion":")" + version + R"(","continue":")" + next +
                     R"("},"items":[)";
  for (std::size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : ",") + items[i];
  return text + "]}";
}

class WatcherTest : public testing::Test {
 protected:
  explicit WatcherTest(bool talks = false)
      : transport(world),
        logger(talks ? base::Logger(base::LogLevel::kDebug, base::LogFormat::kText)
                     : base::Logger::silent()) {}

  void TearDown() override { world.stop(); }

  void start() {
    running = &world.start(watcher.run());
    world.settle();
  }
  void line(const std::string& text) {
    transport.streams.back()->line(text);
    world.settle();
  }
  void list_by_stream(int revision = 10) {
    line(event("ADDED", "a", 5));
    line(event("ADDED", "b", 7));
    line(bookmark(revision, true));
  }
  void no_streaming() {
    transport.on_open = [](const Request& request) {
      const bool streaming = request.target.find("sendInitialEvents") != std::string::npos;
      return streaming ? support::answer(422, R"({"kind":"Status","reason":"Invalid",
          "message":"sendInitialEvents is forbidden","details":{},"code":422})")
                       : support::answer(200, "");
    };
  }
  const std::string& last_opened() { return transport.opened.back().target; }

  support::World world;
  support::ScriptedTransport transport;
  base::Random random{1};
  base::Logger logger;
  NotingSink sink;
  Counts counts;
  Watcher watcher{{world.executor(), Client(transport), world.clock, random, logger},
                  {api::Resource<api::Service>::kType, "", "x=y", ""},
                  sink,
                  &counts};
  support::Running* running = nullptr;
};

TEST_F(WatcherTest, TheListComesAsEventsAndIsShownWhenItIsWhole) {
  start();
  EXPECT_THAT(last_opened(), HasSubstr("sendInitialEvents=true"));
  EXPECT_THAT(last_opened(), HasSubstr("labelSelector=x%3Dy"));
  line(event("ADDED", "a", 5));
  EXPECT_EQ(sink.relists, 0);
  EXPECT_FALSE(watcher.synced());
  line(event("ADDED", "b", 7));
  line(bookmark(10, true));
  EXPECT_TRUE(watcher.synced());
  EXPECT_EQ(watcher.state(), WatcherState::kWatching);
  EXPECT_EQ(sink.objects, (NotingSink::Objects{{"a", "5"}, {"b", "7"}}));
  EXPECT_EQ(sink.revision, 10U);
}

TEST_F(WatcherTest, ABookmarkWithoutTheMarkDoesNotEndTheList) {
  start();
  line(event("ADDED", "a", 5));
  line(bookmark(9));
  EXPECT_FALSE(watcher.synced());
  EXPECT_EQ(sink.relists, 0);
}

TEST_F(WatcherTest, AListOfTheFirstRevisionOfAllIsAList) {
  start();
  line(bookmark(1, true));
  EXPECT_TRUE(watcher.synced());
}

TEST_F(WatcherTest, AListThatEndsWithoutAVersionIsNone) {
  start();
  line(event("ADDED", "a", 5));
  line(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"x","annotations":{)"
       R"("k8s.io/initial-events-end":"true"}}}})");
  EXPECT_FALSE(watcher.synced());
  EXPECT_EQ(sink.relists, 0);
  world.run_for(5s);
  EXPECT_GE(transport.opened.size(), 2U) << "it is asked for anew";
}

TEST_F(WatcherTest, TheMarkOutsideOfAListIsAnyBookmark) {
  start();
  list_by_stream();
  line(bookmark(20, true));
  EXPECT_EQ(sink.relists, 1);
  EXPECT_EQ(sink.objects.size(), 2U);
  EXPECT_EQ(sink.revision, 20U);
}

TEST_F(WatcherTest, AnEventWithoutAVersionDoesNotMoveTheWatch) {
  start();
  list_by_stream();
  line(R"({"type":"MODIFIED","object":{"metadata":{"namespace":"team","name":"a"}}})");
  transport.streams.back()->fail({ErrorCode::kNetwork, "reset"});
  world.run_for(1s);
  EXPECT_THAT(last_opened(), HasSubstr("resourceVersion=10"));
}

TEST_F(WatcherTest, EventsChangeWhatIsKnown) {
  start();
  list_by_stream();
  line(event("MODIFIED", "a", 11));
  line(event("DELETED", "b", 12));
  line(event("ADDED", "c", 13));
  EXPECT_EQ(sink.objects, (NotingSink::Objects{{"a", "11"}, {"c", "13"}}));
  line(bookmark(20));
  EXPECT_EQ(sink.revision, 20U);
}

TEST_F(WatcherTest, EventsMayComeInAnyPieces) {
  start();
  const std::string bytes =
      event("ADDED", "a", 5) + "\n" + bookmark(10, true) + "\n" + event("MODIFIED", "a", 11) + "\n";
  for (const char byte : bytes) {
    transport.streams.back()->bytes(std::string(1, byte));
    world.settle();
  }
  EXPECT_EQ(sink.objects, (NotingSink::Objects{{"a", "11"}}));
}

TEST_F(WatcherTest, AServerThatCannotStreamIsAskedForPagesFromThenOn) {
  no_streaming();
  transport.on_send = [](const Request& request) {
    const bool first = request.target.find("continue=") == std::string::npos;
    return support::answer(
        200, first ? page("10", "more", {object("a", 5)}) : page("10", "", {object("b", 7)}));
  };
  start();
  EXPECT_TRUE(watcher.synced());
  ASSERT_EQ(transport.sent.size(), 2U);
  EXPECT_THAT(transport.sent[0].target, HasSubstr("limit=500"));
  EXPECT_THAT(transport.sent[1].target, HasSubstr("continue=more"));
  EXPECT_EQ(sink.objects, (NotingSink::Objects{{"a", "5"}, {"b", "7"}}));
  EXPECT_THAT(last_opened(), HasSubstr("resourceVersion=10"));
  EXPECT_THAT(counts.restarts, ElementsAre("no-streaming"));
  EXPECT_THAT(counts.waits, IsEmpty());

  line(error_event(410, "Expired"));
  world.run_for(30s);
  EXPECT_EQ(transport.sent.size(), 4U);
  EXPECT_EQ(transport.opened.size(), 3U);
}

TEST_F(WatcherTest, ListAndWatchAskForTheSame) {
  no_streaming();
  transport.on_send = [](const Request&) { return support::answer(200, page("10", "", {})); };
  Watcher narrow{{world.executor(), Client(transport), world.clock, random, logger},
                 {api::Resource<api::Service>::kType, "team", "x=y", "metadata.name=a"},
                 sink,
                 &counts};
  support::Running& narrowed = world.start(narrow.run());
  world.settle();
  ASSERT_EQ(transport.sent.size(), 1U);
  for (const std::string& target : {transport.sent[0].target, last_opened()}) {
    EXPECT_THAT(target, HasSubstr("/namespaces/team/services?"));
    EXPECT_THAT(target, HasSubstr("labelSelector=x%3Dy"));
    EXPECT_THAT(target, HasSubstr("fieldSelector=metadata.name%3Da"));
  }
  narrowed.cancel();
  world.settle();
}

TEST_F(WatcherTest, APageBringsAllItsObjectsButThoseThatCannotBeRead) {
  no_streaming();
  transport.on_send = [](const Request&) {
    return support::answer(
        200, page("10", "", {object("a", 5), R"({"metadata":7})", object("b", 6), object("c", 7)}));
  };
  start();
  EXPECT_EQ(sink.objects, (NotingSink::Objects{{"a", "5"}, {"b", "6"}, {"c", "7"}}));
  EXPECT_EQ(counts.malformed_objects, 1);
}

TEST_F(WatcherTest, WhatIsNoListIsNotTakenForAnEmptyOne) {
  no_streaming();
  for (const char* text :
       {"{}", R"({"items":[]})", R"({"metadata":{"resourceVersion":"10"}})",
        R"({"metadata":7,"items":[]})", R"({"metadata":{"resourceVersion":""},"items":[]})"}) {
    transport.on_send = [text](const Request&) { return support::answer(200, text); };
    if (running == nullptr) start();
    transport.sent.clear();
    world.run_for(5min);
    EXPECT_FALSE(watcher.synced()) << text;
    EXPECT_THAT(watcher.waiting_for(), HasSubstr("Malformed")) << text;
    EXPECT_GE(transport.sent.size(), 5U) << text;
    EXPECT_LE(transport.sent.size(), 100U) << text;
  }
}

TEST_F(WatcherTest, AServerThatRefusesToStreamInAnEventIsAskedForPagesToo) {
  transport.on_send = [](const Request&) {
    return support::answer(200, page("10", "", {object("a", 5)}));
  };
  start();
  line(error_event(500, "InternalError"));
  EXPECT_TRUE(watcher.synced());
  EXPECT_THAT(counts.restarts, ElementsAre("no-streaming"));
  EXPECT_THAT(counts.waits, IsEmpty());
}

TEST_F(WatcherTest, AListWithoutItemsIsEmpty) {
  no_streaming();
  transport.on_send = [](const Request&) {
    return support::answer(200, R"({"metadata":{"resourceVersion":"10"},"items":null})");
  };
  start();
  EXPECT_TRUE(watcher.synced());
  EXPECT_THAT(sink.objects, IsEmpty());
}

TEST_F(WatcherTest, APageThatIsTooLargeIsAskedForAgainInHalf) {
  no_streaming();
  transport.on_send = [](const Request& request) -> base::Result<Response> {
    if (request.target.find("limit=125") != std::string::npos) {
      return support::answer(200, page("10", "", {object("a", 5)}));
    }
    return Error{ErrorCode::kTooLarge, "an answer of more than 64 MB"};
  };
  start();
  world.run_for(10s);
  EXPECT_TRUE(watcher.synced());
}

TEST_F(WatcherTest, AnExpiredPageStartsTheListAnew) {
  no_streaming();
  int answers = 0;
  transport.on_send = [&answers](const Request&) {
    ++answers;
    if (answers == 1) return support::answer(200, page("10", "more", {object("gone", 5)}));
    if (answers == 2) return support::answer(410, R"({"kind":"Status","reason":"Expired"})");
    return support::answer(200, page("20", "", {object("b", 7)}));
  };
  start();
  world.run_for(10s);
  EXPECT_EQ(sink.objects, (NotingSink::Objects{{"b", "7"}}));
  ASSERT_EQ(transport.sent.size(), 3U);
  EXPECT_THAT(transport.sent[1].target, HasSubstr("continue=more"));
  EXPECT_THAT(transport.sent[2].target, Not(HasSubstr("continue=")));
}

TEST_F(WatcherTest, AWatchThatTheServerEndsGoesOnWhereItWasAtOnce) {
  start();
  list_by_stream();
  line(event("MODIFIED", "a", 11));
  line(bookmark(15));
  world.run_for(90s);
  transport.streams.back()->end();
  world.settle();
  EXPECT_EQ(transport.opened.size(), 2U);
  EXPECT_THAT(last_opened(), HasSubstr("resourceVersion=15"));
  EXPECT_THAT(last_opened(), Not(HasSubstr("sendInitialEvents")));
  EXPECT_EQ(sink.relists, 1);
  EXPECT_THAT(counts.restarts, ElementsAre("ended"));
  world.run_for(30s);
  transport.streams.back()->end();
  world.settle();
  EXPECT_EQ(transport.opened.size(), 3U) << "a watch without events may end as well";
  EXPECT_THAT(counts.restarts, ElementsAre("ended", "ended"));
}

TEST_F(WatcherTest, AWatchThatEndsAtOnceAgainAndAgainIsNotABusyLoop) {
  world.run_for(10s);
  start();
  list_by_stream();
  for (int i = 0; i < 1000; ++i) {
    transport.streams.back()->end();
    world.settle();
  }
  EXPECT_LE(transport.opened.size(), 3U);
}

TEST_F(WatcherTest, AnExpiredVersionListsAgainAndKeepsTheOldUntilTheNewIsWhole) {
  start();
  list_by_stream();
  line(error_event(410, "Expired"));
  EXPECT_EQ(sink.objects.size(), 2U);
  EXPECT_TRUE(transport.streams.front()->closed) << "before it waits";
  world.run_for(1s);
  EXPECT_THAT(last_opened(), HasSubstr("sendInitialEvents=true"));
  EXPECT_THAT(last_opened(), Not(HasSubstr("resourceVersion=")));
  line(event("ADDED", "c", 21));
  EXPECT_EQ(sink.objects.size(), 2U);
  line(bookmark(30, true));
  EXPECT_EQ(sink.objects, (NotingSink::Objects{{"c", "21"}}));
  EXPECT_THAT(counts.restarts, ElementsAre("expired"));
  EXPECT_TRUE(transport.streams.front()->closed);
}

TEST_F(WatcherTest, AnExpiredVersionMayAlsoBeTheAnswerToOpeningTheWatch) {
  start();
  list_by_stream();
  transport.on_open = [](const Request& request) {
    const bool streaming = request.target.find("sendInitialEvents") != std::string::npos;
    return support::answer(streaming ? 200 : 410, "");
  };
  transport.streams.back()->fail({ErrorCode::kNetwork, "reset"});
  world.run_for(5s);
  EXPECT_EQ(watcher.state(), WatcherState::kStreaming);
  list_by_stream(40);
  EXPECT_EQ(sink.revision, 40U);
}

TEST_F(WatcherTest, SilenceIsTakenForADeadConnection) {
  start();
  list_by_stream();
  world.run_for(limits::kWatchSilence - 1s);
  EXPECT_EQ(transport.opened.size(), 1U);
  world.run_for(3s);
  EXPECT_EQ(transport.opened.size(), 2U);
  EXPECT_TRUE(transport.streams[0]->closed);
  EXPECT_THAT(counts.restarts, ElementsAre("silence"));
  EXPECT_EQ(sink.relists, 1);
}

TEST_F(WatcherTest, BookmarksKeepAQuietWatchAlive) {
  start();
  list_by_stream();
  for (int minute = 0; minute < 5; ++minute) {
    world.run_for(1min);
    line(bookmark(11 + minute));
  }
  EXPECT_EQ(transport.opened.size(), 1U);
}

TEST_F(WatcherTest, ABrokenConnectionIsFollowedByAWatchFromTheLastVersionSeen) {
  start();
  list_by_stream();
  line(event("MODIFIED", "a", 11));
  transport.streams.back()->bytes(R"({"type":"MODIFIED","obj)");
  transport.streams.back()->fail({ErrorCode::kNetwork, "reset"});
  world.run_for(1s);
  EXPECT_THAT(last_opened(), HasSubstr("resourceVersion=11"));
  line(event("MODIFIED", "a", 12));
  EXPECT_EQ(sink.objects["a"], "12");
  EXPECT_THAT(counts.waits, IsEmpty()) << "one broken connection is nothing to talk about";
}

TEST_F(WatcherTest, AMalformedObjectIsSkippedAndCounted) {
  start();
  line(R"({"type":"ADDED","object":{"metadata":{"name":7,"resourceVersion":"5"}}})");
  line("nonsense");
  list_by_stream();
  line(R"({"type":"ADDED","object":{"metadata":{"name":7,"resourceVersion":"11"}}})");
  line(R"({"type":"UNKNOWN","object":{"metadata":{"name":"x","resourceVersion":"12"}}})");
  line(event("ADDED", "c", 13));
  EXPECT_EQ(counts.malformed_objects, 4);
  EXPECT_EQ(sink.objects.size(), 3U);
  EXPECT_EQ(transport.opened.size(), 1U);
}

TEST_F(WatcherTest, AfterAMalformedObjectTheWatchDoesNotBeginBeforeIt) {
  start();
  list_by_stream();
  line(R"({"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"11","labels":7)"
       R"(}}})");
  transport.streams.back()->fail({ErrorCode::kNetwork, "reset"});
  world.run_for(1s);
  EXPECT_THAT(last_opened(), HasSubstr("resourceVersion=11"));
}

TEST_F(WatcherTest, ALineBeyondTheBoundIsSkippedAndCounted) {
  start();
  list_by_stream();
  const std::string chunk(1 << 20, 'x');
  for (std::size_t bytes = 0; bytes <= limits::kWatchLineBytes; bytes += chunk.size()) {
    transport.streams.back()->bytes(chunk);
    world.settle();
  }
  line("");
  line(event("ADDED", "c", 13));
  EXPECT_EQ(counts.malformed_objects, 1);
  EXPECT_EQ(sink.objects.size(), 3U);
}

TEST_F(WatcherTest, AMissingCrdIsWaitedForInOneSentence) {
  Watcher registries{{world.executor(), Client(transport), world.clock, random, logger},
                     {api::Resource<api::LocalRegistry>::kType, "", "", ""},
                     sink,
                     &counts};
  transport.on_open = [](const Request&) { return support::answer(404, "404 page not found\n"); };
  support::Running& waiting = world.start(registries.run());
  world.run_for(10min);
  EXPECT_EQ(registries.waiting_for(), "the CRD is not installed");
  EXPECT_THAT(counts.waits, ElementsAre("the CRD is not installed"));
  EXPECT_GE(transport.opened.size(), 20U);
  EXPECT_LE(transport.opened.size(), 200U);
  EXPECT_THAT(counts.restarts, testing::Each("missing"));
  transport.on_open = nullptr;
  world.run_for(31s);
  line(bookmark(10, true));
  EXPECT_EQ(registries.waiting_for(), "");
  EXPECT_TRUE(registries.synced());
  waiting.cancel();
  world.settle();
}

TEST_F(WatcherTest, OnlyATypeOfACrdIsMissedAsOne) {
  transport.on_open = [](const Request&) { return support::answer(404, "404 page not found\n"); };
  for (const api::ResourceType* type :
       {&api::Resource<api::Service>::kType, &api::Resource<api::Deployment>::kType,
        &api::Resource<api::Lease>::kType}) {
    Watcher built_in{{world.executor(), Client(transport), world.clock, random, logger},
                     {*type, "", "", ""},
                     sink,
                     nullptr};
    support::Running& waiting = world.start(built_in.run());
    world.run_for(1min);
    EXPECT_THAT(built_in.waiting_for(), HasSubstr("the server does not have")) << type->plural;
    waiting.cancel();
    world.settle();
  }
}

TEST_F(WatcherTest, ACrdThatMayNotBeReadIsNotMissing) {
  Watcher registries{{world.executor(), Client(transport), world.clock, random, logger},
                     {api::Resource<api::LocalRegistry>::kType, "", "", ""},
                     sink,
                     nullptr};
  transport.on_open = [](const Request&) {
    return support::answer(403, R"({"kind":"Status","reason":"Forbidden","code":403})");
  };
  support::Running& waiting = world.start(registries.run());
  world.run_for(1min);
  EXPECT_THAT(registries.waiting_for(), HasSubstr("Forbidden"));
  waiting.cancel();
  world.settle();
}

TEST_F(WatcherTest, WhatSomebodyHasToSeeToIsToldAtOnce) {
  const std::tuple<int, const char*, const char*> lasting[] = {
      {401, "Unauthorized", "Unauthorized"},
      {403, "Forbidden", "Forbidden"},
      {404, "NotFound", "the server does not have services"}};
  start();
  for (const auto& [code, reason, told] : lasting) {
    list_by_stream();
    line(error_event(code, reason));
    EXPECT_THAT(watcher.waiting_for(), HasSubstr(told));
    world.run_for(1min);
    if (code != 404) line(bookmark(20));
  }
}

TEST_F(WatcherTest, WhatPassesByItselfIsToldAtTheSecondFailure) {
  start();
  list_by_stream();
  line(error_event(503, "ServiceUnavailable"));
  EXPECT_EQ(watcher.waiting_for(), "");
  transport.on_open = [](const Request&) { return support::answer(503, ""); };
  for (int i = 0; i < 1000 && transport.opened.size() < 2; ++i) world.run_for(10ms);
  EXPECT_THAT(watcher.waiting_for(), HasSubstr("Unavailable"));
  EXPECT_EQ(counts.restarts.size(), 2U);
  transport.on_open = nullptr;
  world.run_for(1min);
  EXPECT_EQ(watcher.waiting_for(), "") << "it watches again";
  line(error_event(503, "ServiceUnavailable"));
  EXPECT_EQ(watcher.waiting_for(), "") << "one failure, after all was well";
  transport.on_open = [](const Request&) { return support::answer(503, ""); };
  world.run_for(10s);
  EXPECT_THAT(watcher.waiting_for(), HasSubstr("Unavailable")) << "as often as it happens";
}

TEST_F(WatcherTest, ATroubleIsToldOnceInWhateverWords) {
  int tries = 0;
  transport.on_open = [&tries](const Request&) -> base::Result<Response> {
    return Error{ErrorCode::kNetwork, "try " + std::to_string(++tries)};
  };
  start();
  EXPECT_THAT(counts.waits, ElementsAre("Network: try 1")) << "nothing is known yet: at once";
  world.run_for(10min);
  EXPECT_THAT(counts.waits, ElementsAre("Network: try 1"));
}

class LoudWatcherTest : public WatcherTest {
 protected:
  LoudWatcherTest() : WatcherTest(true) {}
};

TEST_F(LoudWatcherTest, AnObjectThatCannotBeReadIsLoggedByItsNameAndOnlyOnce) {
  testing::internal::CaptureStderr();
  start();
  list_by_stream();
  const std::string bad =
      R"({"type":"MODIFIED","object":{"metadata":{"name":"spoilt","resourceVersion":"11",)"
      R"("labels":7}}})";
  line(bad);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("object=spoilt"));
  testing::internal::CaptureStderr();
  line(bad);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr("object=spoilt")));
  testing::internal::CaptureStderr();
  line(R"({"type":"MODIFIED","object":7})");
  line(R"({"type":"MODIFIED","object":{"metadata":{"name":8,"resourceVersion":"12"}}})");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("skipped an object that cannot be read"));
}

TEST(RestartReasons, HaveNames) {
  const std::pair<RestartReason, const char*> names[] = {
      {RestartReason::kEnded, "ended"},         {RestartReason::kExpired, "expired"},
      {RestartReason::kSilence, "silence"},     {RestartReason::kNetwork, "network"},
      {RestartReason::kThrottled, "throttled"}, {RestartReason::kUnauthorized, "unauthorized"},
      {RestartReason::kForbidden, "forbidden"}, {RestartReason::kMissing, "missing"},
      {RestartReason::kServer, "server"},       {RestartReason::kNoStreaming, "no-streaming"},
      {RestartReason::kOther, "other"}};
  for (const auto& [reason, text] : names) EXPECT_EQ(name(reason), text);
}

TEST_F(WatcherTest, MissingRightsAreWaitedForWithTheServersReason) {
  transport.on_open = [](const Request&) {
    return support::answer(403, R"({"kind":"Status","reason":"Forbidden","code":403,
        "message":"services is forbidden: User \"x\" cannot watch"})");
  };
  start();
  world.run_for(1min);
  EXPECT_EQ(watcher.waiting_for(), "Forbidden: services is forbidden: User \"x\" cannot watch");
}

TEST_F(WatcherTest, AnUnreachableServerIsToldOfOnce) {
  transport.on_open = [](const Request&) -> base::Result<Response> {
    return Error{ErrorCode::kNetwork, "connection refused"};
  };
  start();
  world.run_for(10min);
  EXPECT_THAT(counts.waits, ElementsAre("Network: connection refused"));
}

TEST_F(WatcherTest, TriesBecomeRarerUpToTheBound) {
  transport.on_open = [](const Request&) -> base::Result<Response> {
    return Error{ErrorCode::kNetwork, "connection refused"};
  };
  start();
  world.run_for(1h);
  EXPECT_GE(transport.opened.size(), 3600U / 31U);
  EXPECT_LE(transport.opened.size(), 3600U / 10U);
}

TEST_F(WatcherTest, TheServersRetryAfterIsObeyed) {
  transport.on_open = [](const Request&) {
    Response response = support::answer(429, "");
    response.retry_after = 60s;
    return response;
  };
  start();
  world.run_for(59s);
  EXPECT_EQ(transport.opened.size(), 1U);
  world.run_for(2s);
  EXPECT_EQ(transport.opened.size(), 2U);
  EXPECT_THAT(counts.restarts, testing::Each("throttled"));
}

TEST_F(WatcherTest, AStreamedListThatIsCutStartsAnew) {
  start();
  line(event("ADDED", "a", 5));
  transport.streams.back()->end();
  world.run_for(1s);
  EXPECT_THAT(last_opened(), HasSubstr("sendInitialEvents=true"));
  line(event("ADDED", "b", 7));
  line(bookmark(10, true));
  EXPECT_EQ(sink.objects, (NotingSink::Objects{{"b", "7"}}));
}

TEST_F(WatcherTest, EachWatchAsksForATimeOfItsOwn) {
  start();
  list_by_stream();
  std::vector<int> times;
  for (int i = 0; i < 20; ++i) {
    const std::string& target = last_opened();
    times.push_back(std::stoi(target.substr(target.find("timeoutSeconds=") + 15)));
    EXPECT_GE(times.back(), 300);
    EXPECT_LE(times.back(), 600);
    line(bookmark(20 + i));
    transport.streams.back()->end();
    world.settle();
  }
  EXPECT_GT(std::set<int>(times.begin(), times.end()).size(), 10U);
}

TEST_F(WatcherTest, CancellationEndsItWhereverItIs) {
  start();
  list_by_stream();
  running->cancel();
  world.settle();
  ASSERT_TRUE(running->done());
  EXPECT_TRUE(running->thrown());
}

TEST_F(WatcherTest, CancellationEndsItWhileItBacksOff) {
  transport.on_open = [](const Request&) { return support::answer(503, ""); };
  start();
  running->cancel();
  world.settle();
  EXPECT_TRUE(running->done());
}

struct RecoveryCase {
  WatcherState state;
  ErrorCode code;
  WatcherState next;
  RestartReason reason;
};

class RecoveryTest : public testing::TestWithParam<RecoveryCase> {};

TEST_P(RecoveryTest, EachErrorHasItsWayOn) {
  const RecoveryCase& test = GetParam();
  const Recovery recovery = recover(test.state, {test.code, "m"});
  EXPECT_EQ(recovery.next, test.next);
  EXPECT_EQ(recovery.reason, test.reason);
  EXPECT_EQ(recovery.back_off, test.reason != RestartReason::kNoStreaming);
}

using S = WatcherState;
using R = RestartReason;

INSTANTIATE_TEST_SUITE_P(
    All, RecoveryTest,
    testing::Values(
        RecoveryCase{S::kStart, ErrorCode::kInvalid, S::kStart, R::kNoStreaming},
        RecoveryCase{S::kStart, ErrorCode::kNetwork, S::kStart, R::kNetwork},
        RecoveryCase{S::kStart, ErrorCode::kTimeout, S::kStart, R::kNetwork},
        RecoveryCase{S::kStart, ErrorCode::kNotFound, S::kStart, R::kMissing},
        RecoveryCase{S::kStreaming, ErrorCode::kTimeout, S::kStart, R::kSilence},
        RecoveryCase{S::kStreaming, ErrorCode::kGone, S::kStart, R::kExpired},
        RecoveryCase{S::kStreaming, ErrorCode::kNetwork, S::kStart, R::kNetwork},
        RecoveryCase{S::kStreaming, ErrorCode::kUnavailable, S::kStart, R::kNoStreaming},
        RecoveryCase{S::kListing, ErrorCode::kNetwork, S::kListing, R::kNetwork},
        RecoveryCase{S::kListing, ErrorCode::kTooLarge, S::kListing, R::kOther},
        RecoveryCase{S::kStart, ErrorCode::kTooLarge, S::kStart, R::kOther},
        RecoveryCase{S::kWatching, ErrorCode::kTooLarge, S::kStart, R::kOther},
        RecoveryCase{S::kListing, ErrorCode::kGone, S::kStart, R::kExpired},
        RecoveryCase{S::kListing, ErrorCode::kInvalid, S::kStart, R::kOther},
        RecoveryCase{S::kListed, ErrorCode::kUnavailable, S::kListed, R::kServer},
        RecoveryCase{S::kListed, ErrorCode::kTooManyRequests, S::kListed, R::kThrottled},
        RecoveryCase{S::kListed, ErrorCode::kInvalid, S::kStart, R::kOther},
        RecoveryCase{S::kListed, ErrorCode::kGone, S::kStart, R::kExpired},
        RecoveryCase{S::kListed, ErrorCode::kNotFound, S::kStart, R::kMissing},
        RecoveryCase{S::kListed, ErrorCode::kForbidden, S::kListed, R::kForbidden},
        RecoveryCase{S::kListed, ErrorCode::kUnauthorized, S::kListed, R::kUnauthorized},
        RecoveryCase{S::kListed, ErrorCode::kTls, S::kListed, R::kNetwork},
        RecoveryCase{S::kWatching, ErrorCode::kTimeout, S::kListed, R::kSilence},
        RecoveryCase{S::kWatching, ErrorCode::kNetwork, S::kListed, R::kNetwork},
        RecoveryCase{S::kWatching, ErrorCode::kGone, S::kStart, R::kExpired},
        RecoveryCase{S::kWatching, ErrorCode::kUnavailable, S::kListed, R::kServer},
        RecoveryCase{S::kWatching, ErrorCode::kMalformed, S::kStart, R::kOther},
        RecoveryCase{S::kWatching, ErrorCode::kInternal, S::kStart, R::kOther}));

}  // namespace
}  // namespace kube
