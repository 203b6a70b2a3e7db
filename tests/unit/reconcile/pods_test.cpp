#include "reconcile/status/pods.h"

#include <gtest/gtest.h>

#include "unit/reconcile/world.h"

namespace test {
namespace {

using namespace std::chrono_literals;

api::EventSummary event_of(const std::string& note) {
  api::EventSummary event;
  event.note = "create Pod registry-0 in StatefulSet registry failed error: " + note;
  return event;
}

api::EventSummary event_at(const char* time, const std::string& note) {
  api::EventSummary event = event_of(note);
  event.deprecated_last_timestamp = at(time);
  return event;
}

const base::Time kChanged = at("2026-01-01T00:00:10Z");

TEST(Pods, TheLatestRefusalCounts) {
  EXPECT_EQ(reconcile::latest_refusal({event_at("2026-01-01T00:00:12Z", "second"),
                                       event_at("2026-01-01T00:00:13Z", "third"),
                                       event_at("2026-01-01T00:00:11Z", "first")},
                                      kChanged),
            "third");
}

TEST(Pods, ARefusalOfAnEarlierTemplateDoesNotCount) {
  const api::EventSummary earlier = event_at("2026-01-01T00:00:09Z", "earlier");
  EXPECT_EQ(reconcile::latest_refusal({earlier}, kChanged), "");
  EXPECT_EQ(reconcile::latest_refusal({earlier, event_at("2026-01-01T00:00:10Z", "now")}, kChanged),
            "now");
  EXPECT_EQ(reconcile::latest_refusal({}, kChanged), "");
}

TEST(Pods, ARecorderOfTheNewerApiReportsTheTimeInOtherFields) {
  api::EventSummary event = event_of("new");
  event.event_time.time = at("2026-01-01T00:00:11Z");
  EXPECT_EQ(reconcile::latest_refusal({event}, kChanged), "new");
  event.event_time.time = at("2026-01-01T00:00:01Z");
  EXPECT_EQ(reconcile::latest_refusal({event}, kChanged), "");
  event.series = api::EventSeries{7, {at("2026-01-01T00:00:11Z")}};
  EXPECT_EQ(reconcile::latest_refusal({event}, kChanged), "new") << "it has occurred again";
}

TEST(Pods, ARefusalInOtherWordsIsToldWhole) {
  api::EventSummary event = event_at("2026-01-01T00:00:11Z", "");
  event.note = "no room for pods";
  EXPECT_EQ(reconcile::latest_refusal({event}, kChanged), "no room for pods");
}

class StatefulSetWithoutAPod : public testing::Test {
 protected:
  void SetUp() override {
    api::LocalRegistrySpec spec;
    spec.persistence.enabled = true;
    world.change_spec(spec);
    world.converge();
    world.pods.clear();
    set().status.replicas = set().status.ready_replicas = 0;
    world.pod_refusal = reconcile::PodRefusal{true, "exceeded quota: tight", world.now};
  }

  api::StatefulSet& set() { return *world.find<api::StatefulSet>(); }

  std::string refusal() const {
    const reconcile::Observed observed = world.observe();
    return std::string(refusal_of_pods(observed, find_workload(observed)));
  }

  World world{a_registry()};
};

TEST_F(StatefulSetWithoutAPod, IsRefusedAsItsEventsSay) {
  EXPECT_EQ(refusal(), "exceeded quota: tight");
  world.pod_refusal->message = "";
  EXPECT_EQ(refusal(), "");
}

TEST_F(StatefulSetWithoutAPod, IsNotRefusedBeforeItsControllerHasSeenTheSpec) {
  set().metadata.generation = set().status.observed_generation + 1;
  EXPECT_EQ(refusal(), "");
}

TEST_F(StatefulSetWithoutAPod, IsNotRefusedWhenItWantsNoneOrIsDeleted) {
  set().spec.replicas = 0;
  EXPECT_EQ(refusal(), "");
  set().spec.replicas = 1;
  set().metadata.deletion_timestamp = world.now;
  EXPECT_EQ(refusal(), "");
}

TEST_F(StatefulSetWithoutAPod, IsNotRefusedOnceThereIsOne) {
  set().status.replicas = 1;
  EXPECT_EQ(refusal(), "");
}

TEST_F(StatefulSetWithoutAPod, HasItsEventsReadOftenAtFirstAndSeldomLater) {
  const auto delay_at = [&](std::chrono::seconds age) {
    world.pod_refusal = reconcile::PodRefusal{true, "", world.now - age};
    return reconcile::plan(world.observe()).requeue_after;
  };
  EXPECT_EQ(delay_at(0s), 2s);
  EXPECT_EQ(delay_at(40s), 10s);
  EXPECT_EQ(delay_at(24h), 10min);
  world.pod_refusal = reconcile::PodRefusal();
  EXPECT_EQ(reconcile::plan(world.observe()).requeue_after, 10s) << "they could not be read";
}

TEST_F(StatefulSetWithoutAPod, KeepsItsReasonWhileItsEventsCannotBeRead) {
  const auto available = [&] {
    return condition(reconcile::plan(world.observe()).status.value_or(world.registry->status),
                     "Available");
  };
  const std::string refused = available();
  EXPECT_EQ(refused, "False QuotaExceeded");
  world.write(*reconcile::plan(world.observe()).status);
  world.pod_refusal = reconcile::PodRefusal();
  EXPECT_EQ(available(), refused);
  world.pod_refusal->is_known = true;
  EXPECT_EQ(available(), "False Deploying");
}

}  // namespace
}  // namespace test
