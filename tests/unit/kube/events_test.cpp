#include "kube/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "api/local_registry.h"
#include "support/scripted_transport.h"

namespace kube {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

Occurrence occurrence(const std::string& note, const std::string& object = "registry") {
  Occurrence result;
  result.regarding.kind = "LocalRegistry";
  result.regarding.namespace_name = "team";
  result.regarding.name = object;
  result.regarding.uid = "uid-" + object;
  result.reason = "Created";
  result.action = "Reconcile";
  result.note = note;
  return result;
}

class EventSeriesTableTest : public testing::Test {
 protected:
  std::optional<EventWrite> add(const Occurrence& what) {
    return table.add(what, now, base::Time(1'800'000'000s));
  }

  base::Random random{1};
  EventSeriesTable table{"pod-1", random};
  EventSeriesTable::Instant now{1h};
};

TEST_F(EventSeriesTableTest, TheFirstOccurrenceIsAnEventWithAllThatTheApiAsksFor) {
  const auto write = add(occurrence("Created Service registry"));
  ASSERT_TRUE(write);
  EXPECT_TRUE(write->create);
  const api::Event& event = write->event;
  EXPECT_THAT(event.metadata.name, testing::MatchesRegex("registry\\.[0-9a-f]{16}"));
  EXPECT_EQ(event.metadata.namespace_name, "team");
  EXPECT_EQ(event.reporting_controller, "local-registry-operator");
  EXPECT_EQ(event.reporting_instance, "pod-1");
  EXPECT_EQ(event.type, "Normal");
  EXPECT_EQ(event.note, "Created Service registry");
  EXPECT_EQ(event.event_time.time, base::Time(1'800'000'000s));
  EXPECT_FALSE(event.series);
}

TEST_F(EventSeriesTableTest, TheSecondOccurrenceBeginsASeriesOnTheSameEvent) {
  const auto first = add(occurrence("a"));
  now += 1min;
  const auto second = add(occurrence("a"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->create);
  EXPECT_EQ(second->event.metadata.name, first->event.metadata.name);
  ASSERT_TRUE(second->event.series);
  EXPECT_EQ(second->event.series->count, 2);
  EXPECT_EQ(add(occurrence("a"))->event.series->count, 3);
}

TEST_F(EventSeriesTableTest, AnotherNoteReasonTypeOrObjectIsAnotherEvent) {
  add(occurrence("a"));
  EXPECT_TRUE(add(occurrence("b"))->create);
  Occurrence reason = occurrence("a");
  reason.reason = "Healed";
  EXPECT_TRUE(add(reason)->create);
  Occurrence type = occurrence("a");
  type.type = EventType::kWarning;
  EXPECT_TRUE(add(type)->create);
  EXPECT_TRUE(add(occurrence("a", "other"))->create);
}

TEST_F(EventSeriesTableTest, AfterTheWindowItIsANewEvent) {
  const auto first = add(occurrence("a"));
  now += limits::kEventSeriesWindow;
  const auto second = add(occurrence("a"));
  EXPECT_TRUE(second->create);
  EXPECT_NE(second->event.metadata.name, first->event.metadata.name);
}

TEST_F(EventSeriesTableTest, ASeriesIsNoFlood) {
  int writes = 0;
  for (int i = 0; i < 10'000; ++i) {
    now += 100ms;  // 1,000 s: nearly two windows
    if (add(occurrence("a"))) ++writes;
    writes += static_cast<int>(table.due(now).size());
  }
  EXPECT_LE(writes, 2 * limits::kEventSeriesBurst);
  EXPECT_GT(writes, limits::kEventSeriesBurst);
}

TEST_F(EventSeriesTableTest, TheCountThatWasPutOffIsWrittenWhenTheWindowAllows) {
  for (int i = 0; i < 25; ++i) add(occurrence("a"));
  EXPECT_THAT(table.due(now), IsEmpty());
  ASSERT_TRUE(table.next_due());
  EXPECT_EQ(*table.next_due(), now + limits::kEventSeriesWindow);
  now = *table.next_due();
  const std::vector<EventWrite> writes = table.due(now);
  ASSERT_EQ(writes.size(), 1U);
  EXPECT_EQ(writes[0].event.series->count, 25);
  EXPECT_FALSE(table.next_due());
  EXPECT_THAT(table.due(now), IsEmpty());
}

TEST_F(EventSeriesTableTest, ManyDifferentEventsOfOneObjectAreCombined) {
  std::vector<EventWrite> writes;
  for (int i = 0; i < 100; ++i) {
    if (auto write = add(occurrence("note " + std::to_string(i)))) writes.push_back(*write);
  }
  ASSERT_EQ(writes.size(), static_cast<std::size_t>(limits::kEventSeriesBurst) + 1);
  EXPECT_EQ(writes.back().event.note, "(combined from similar events): note 10");
  EXPECT_EQ(writes.back().event.reason, "Created");
  const std::vector<EventWrite> rest = table.due(now, true);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].event.series->count, 90);
}

TEST_F(EventSeriesTableTest, OneNoisyObjectDoesNotSilenceAnother) {
  for (int i = 0; i < 100; ++i) add(occurrence("note " + std::to_string(i)));
  EXPECT_TRUE(add(occurrence("a", "other"))->create);
}

TEST_F(EventSeriesTableTest, WhatIsRememberedIsBounded) {
  for (std::size_t i = 0; i < 3 * limits::kEventSeries; ++i) {
    add(occurrence("a", "registry-" + std::to_string(i)));
    ASSERT_LE(table.size(), limits::kEventSeries);
    now += 1ms;
  }
  now += 2 * limits::kEventSeriesWindow;
  add(occurrence("a"));
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(EventSeriesTableTest, AnEventAboutWhatHasNoNamespaceIsInTheDefaultOne) {
  Occurrence what = occurrence("a");
  what.regarding.namespace_name.clear();
  EXPECT_EQ(add(what)->event.metadata.namespace_name, "default");
}

TEST_F(EventSeriesTableTest, ALongNameLeavesRoomForTheRest) {
  const auto write = add(occurrence("a", std::string(235, 'a') + "." + std::string(17, 'b')));
  EXPECT_LE(write->event.metadata.name.size(), 253U);
  EXPECT_THAT(write->event.metadata.name, Not(HasSubstr("..")));
}

TEST(ReferenceTo, NamesTheObjectWithItsUid) {
  api::ObjectMeta meta;
  meta.name = "a";
  meta.namespace_name = "team";
  meta.uid = "uid-1";
  meta.resource_version = "7";
  const api::ObjectReference reference =
      reference_to(api::Resource<api::LocalRegistry>::kType, meta);
  EXPECT_EQ(reference.api_version, "localregistry.dev/v1alpha1");
  EXPECT_EQ(reference.kind, "LocalRegistry");
  EXPECT_EQ(reference.uid, "uid-1");
}

class EventRecorderTest : public testing::Test {
 protected:
  EventRecorderTest() : transport(world) {
    transport.on_send = [](const Request&) { return support::answer(201, "{}"); };
  }
  void TearDown() override { world.stop(); }

  void start() {
    running = &world.start(recorder.run());
    world.settle();
  }
  std::vector<std::string> methods() {
    std::vector<std::string> all;
    for (const Request& request : transport.sent) all.emplace_back(name(request.method));
    return all;
  }

  support::World world;
  support::ScriptedTransport transport;
  base::Random random{1};
  base::Logger logger = base::Logger::silent();
  EventRecorder recorder{{world.executor(), Client(transport), world.clock, random, logger},
                         "pod-1"};
  support::Running* running = nullptr;
};

TEST_F(EventRecorderTest, EventsAreSentInTheBackgroundInTheirOrder) {
  start();
  recorder.record(occurrence("one"));
  recorder.record(occurrence("two"));
  EXPECT_THAT(transport.sent, IsEmpty());
  world.settle();
  ASSERT_EQ(transport.sent.size(), 2U);
  EXPECT_THAT(transport.sent[0].target,
              StartsWith("/apis/events.k8s.io/v1/namespaces/team/events"));
  EXPECT_THAT(transport.sent[0].body, HasSubstr("one"));
  EXPECT_THAT(transport.sent[1].body, HasSubstr("two"));
  EXPECT_EQ(recorder.sent(), 2U);
}

TEST_F(EventRecorderTest, EventsTakeATenthOfTheTimeAndTheRestIsForOtherWrites) {
  start();
  transport.delay = 20ms;
  for (const char* note : {"one", "two", "three"}) recorder.record(occurrence(note));
  world.run_for(199ms);
  EXPECT_EQ(transport.sent.size(), 1U);
  world.run_for(200ms);
  EXPECT_EQ(transport.sent.size(), 2U);
  world.run_for(200ms);
  EXPECT_EQ(recorder.sent(), 3U);
}

TEST_F(EventRecorderTest, TheMoreEventsWaitTheLessTheyGiveWay) {
  for (std::size_t i = 0; i < limits::kEventQueue; ++i) {
    recorder.record(occurrence("note", "resource-" + std::to_string(i)));
  }
  start();
  transport.delay = 20ms;
  world.run_for(10s);
  const std::uint64_t while_full = recorder.sent();
  world.run_for(60s);
  const std::uint64_t before = recorder.sent();
  world.run_for(10s);
  EXPECT_GT(while_full, 2 * (recorder.sent() - before));
  world.run_for(150s);
  EXPECT_EQ(recorder.sent(), limits::kEventQueue) << "none is dropped";
}

TEST_F(EventRecorderTest, AfterAnAnswerThatTookLongEventsGiveWayForASecondAtMost) {
  start();
  transport.delay = 5s;
  for (const char* note : {"one", "two"}) recorder.record(occurrence(note));
  world.run_for(5900ms);
  EXPECT_EQ(transport.sent.size(), 1U);
  world.run_for(200ms);
  EXPECT_EQ(transport.sent.size(), 2U);
}

TEST_F(EventRecorderTest, AFlushDoesNotGiveWay) {
  transport.delay = 20ms;
  for (const char* note : {"one", "two", "three"}) recorder.record(occurrence(note));
  world.start(recorder.flush(1s));
  world.settle();
  world.run_for(60ms);
  EXPECT_EQ(recorder.sent(), 3U);
}

TEST_F(EventRecorderTest, ASeriesIsPatchedAndCatchesUpByItself) {
  start();
  for (int i = 0; i < 30; ++i) {
    recorder.record(occurrence("a"));
    world.settle();
  }
  EXPECT_EQ(transport.sent.size(), static_cast<std::size_t>(limits::kEventSeriesBurst));
  EXPECT_EQ(transport.sent[1].method, Method::kPatch);
  EXPECT_THAT(transport.sent[1].body, StartsWith(R"({"series":{"count":2,)"));
  world.run_for(limits::kEventSeriesWindow + 1s);
  EXPECT_THAT(transport.sent.back().body, HasSubstr(R"("count":30)"));
}

TEST_F(EventRecorderTest, AFullQueueDropsAndCounts) {
  for (std::size_t i = 0; i < limits::kEventQueue + 7; ++i) {
    recorder.record(occurrence("a", "registry-" + std::to_string(i)));
  }
  EXPECT_EQ(recorder.dropped(), 7U);
}

TEST_F(EventRecorderTest, WhatWasDroppedIsReportedInTheLogOnceTheQueueIsEmpty) {
  base::Logger talking(base::LogLevel::kWarning, base::LogFormat::kText);
  EventRecorder full({world.executor(), Client(transport), world.clock, random, talking}, "pod-1");
  for (std::size_t i = 0; i < limits::kEventQueue + 7; ++i) {
    full.record(occurrence("a", "registry-" + std::to_string(i)));
  }
  testing::internal::CaptureStderr();
  world.start(full.run());
  world.run_for(10min);
  full.record(occurrence("one more"));
  world.run_for(1min);
  const std::string text = testing::internal::GetCapturedStderr();
  world.stop();
  EXPECT_THAT(text,
              HasSubstr("dropped Events, because they were recorded faster than they can be sent"));
  EXPECT_THAT(text, HasSubstr("events=7"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST_F(EventRecorderTest, ASeriesWhoseEventIsGoneIsCreatedAgain) {
  start();
  recorder.record(occurrence("a"));
  world.settle();
  transport.on_send = [](const Request& request) {
    return support::answer(request.method == Method::kPatch ? 404 : 201,
                           R"({"kind":"Status","details":{"name":"x"}})");
  };
  recorder.record(occurrence("a"));
  world.settle();
  EXPECT_THAT(methods(), ElementsAre("POST", "PATCH", "POST"));
  EXPECT_THAT(transport.sent.back().body, HasSubstr(R"("count":2)"));
  EXPECT_EQ(recorder.failed(), 0U);
}

TEST_F(EventRecorderTest, ATransientFailureIsTriedAgainAndAnotherOneIsNot) {
  int answers = 0;
  transport.on_send = [&answers](const Request&) {
    ++answers;
    return support::answer(answers == 1 ? 503 : answers == 2 ? 201 : 403, "{}");
  };
  start();
  recorder.record(occurrence("a"));
  recorder.record(occurrence("b"));
  world.run_for(1min);
  EXPECT_EQ(transport.sent.size(), 3U);
  EXPECT_EQ(recorder.sent(), 1U);
  EXPECT_EQ(recorder.failed(), 1U);
}

TEST_F(EventRecorderTest, AnEventThatWasCreatedThoughTheAnswerGotLostCountsAsSent) {
  int answers = 0;
  transport.on_send = [&answers](const Request&) -> base::Result<Response> {
    if (++answers == 1) return base::Error{base::ErrorCode::kTimeout, "no answer"};
    return support::answer(409, R"({"kind":"Status","reason":"AlreadyExists","code":409})");
  };
  start();
  recorder.record(occurrence("a"));
  world.run_for(1min);
  EXPECT_EQ(recorder.sent(), 1U);
}

TEST_F(EventRecorderTest, AServerThatIsAwayIsGivenUpOnAfterSomeTries) {
  transport.on_send = [](const Request&) -> base::Result<Response> {
    return base::Error{base::ErrorCode::kNetwork, "refused"};
  };
  start();
  recorder.record(occurrence("a"));
  world.run_for(10min);
  EXPECT_EQ(transport.sent.size(), static_cast<std::size_t>(limits::kEventTries));
  EXPECT_EQ(recorder.failed(), 1U);
}

TEST_F(EventRecorderTest, AFlushSendsWhatIsLeft) {
  start();
  running->cancel();
  world.settle();
  for (int i = 0; i < 30; ++i) recorder.record(occurrence("a"));
  world.start(recorder.flush(1s));
  world.settle();
  EXPECT_THAT(transport.sent.back().body, HasSubstr(R"("count":30)"));
}

TEST_F(EventRecorderTest, AFlushTakesNoLongerThanItMay) {
  transport.delay = 1h;
  recorder.record(occurrence("a"));
  const support::Running& flush = world.start(recorder.flush(1s));
  world.run_for(900ms);
  EXPECT_FALSE(flush.done());
  world.run_for(200ms);
  EXPECT_TRUE(flush.done());
}

}  // namespace
}  // namespace kube
