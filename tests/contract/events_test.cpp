// Events against a real kube-apiserver, which validates them.
#include "kube/events.h"

#include "api/coordination.h"
#include "contract/contract.h"

namespace contract {
namespace {

class EventsContract : public ContractTest {
 protected:
  kube::Occurrence about_service(const std::string& note) const {
    kube::Occurrence what;
    what.regarding = kube::reference_to(api::Resource<api::Service>::kType, named("registry"));
    what.regarding.uid = "00000000-0000-4000-8000-000000000000";
    what.type = kube::EventType::kWarning;
    what.reason = "Refused";
    what.action = "Reconcile";
    what.note = note;
    return what;
  }

  std::vector<api::Event> events(const std::string& where) {
    kube::ListOptions options;
    options.namespace_name = where;
    auto list = result_of(client.list<api::Event>(options));
    if (!list) throw std::runtime_error(base::to_string(list.error()));
    return std::move(list->items);
  }
};

TEST_F(EventsContract, AnEventAndItsSeriesAreTaken) {
  kube::EventRecorder recorder(environment(), "pod-1");
  Running& running = start(recorder.run());
  for (int i = 0; i < 3; ++i) {
    recorder.record(about_service("the claim cannot shrink from 5Gi to 1Gi"));
    let_pass(100ms);
  }
  ASSERT_TRUE(eventually([&] { return recorder.sent() == 3; }));
  EXPECT_EQ(recorder.failed(), 0U);
  const std::vector<api::Event> seen = events(space);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].reason, "Refused");
  EXPECT_EQ(seen[0].type, "Warning");
  EXPECT_EQ(seen[0].reporting_controller, "local-registry-operator");
  EXPECT_EQ(seen[0].regarding.kind, "Service");
  ASSERT_TRUE(seen[0].series);
  EXPECT_EQ(seen[0].series->count, 3);
  stop(running);
}

TEST_F(EventsContract, TheEventsOfOneObjectAreSelected) {
  kube::EventRecorder recorder(environment(), "pod-1");
  Running& running = start(recorder.run());
  recorder.record(about_service("the claim cannot shrink from 5Gi to 1Gi"));
  ASSERT_TRUE(eventually([&] { return recorder.sent() == 1; }));
  const std::string uid = events(space).at(0).regarding.uid;
  kube::ListOptions options;
  options.namespace_name = space;
  const auto count = [&](const std::string& of, const std::string& reason) {
    options.field_selector = "regarding.uid=" + of + ",reason=" + reason;
    const auto list = result_of(client.list<api::Event>(options));
    EXPECT_TRUE(list) << base::to_string(list.error());
    return list ? list->items.size() : 0;
  };
  EXPECT_EQ(count(uid, "Refused"), 1U);
  EXPECT_EQ(count(uid, "FailedCreate"), 0U);
  EXPECT_EQ(count("another", "Refused"), 0U);
  stop(running);
}

TEST_F(EventsContract, TheLongestNoteAndNameAndInstanceAreTaken) {
  kube::EventRecorder recorder(environment(), std::string(200, 'p'));
  kube::Occurrence what = about_service(std::string(500, 'x') + std::string(2000, '\xe4'));
  what.note = "";
  for (int i = 0; i < 600; ++i) what.note += "ä€";
  what.regarding.name = std::string(253, 'n');
  recorder.record(what);
  Running& running = start(recorder.run());
  ASSERT_TRUE(eventually([&] { return recorder.sent() + recorder.failed() == 1; }));
  EXPECT_EQ(recorder.failed(), 0U);
  EXPECT_EQ(events(space).size(), 1U);
  stop(running);
}

TEST_F(EventsContract, AnEventThatWasDeletedIsCreatedAgainWithItsSeries) {
  kube::EventRecorder recorder(environment(), "pod-1");
  Running& running = start(recorder.run());
  recorder.record(about_service("a"));
  ASSERT_TRUE(eventually([&] { return recorder.sent() == 1; }));
  const api::Event first = events(space).at(0);
  ASSERT_TRUE(result_of(
      client.remove<api::Event>(api::key_of(first.metadata), {}, kube::Propagation::kBackground)));
  recorder.record(about_service("a"));
  ASSERT_TRUE(eventually([&] { return recorder.sent() == 2; }));
  const std::vector<api::Event> seen = events(space);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].series->count, 2);
  stop(running);
}

TEST_F(EventsContract, AnEventAboutANamespaceIsInTheDefaultOne) {
  kube::EventRecorder recorder(environment(), "pod-1");
  kube::Occurrence what = about_service("about " + space);
  api::ObjectMeta meta;
  meta.name = space;
  what.regarding = kube::reference_to(api::Resource<api::Namespace>::kType, meta);
  recorder.record(what);
  Running& running = start(recorder.run());
  ASSERT_TRUE(eventually([&] { return recorder.sent() + recorder.failed() == 1; }));
  EXPECT_EQ(recorder.failed(), 0U);
  int found = 0;
  for (const api::Event& event : events("default")) found += event.note == "about " + space ? 1 : 0;
  EXPECT_EQ(found, 1);
  stop(running);
}

TEST_F(EventsContract, AnEventIntoANamespaceThatIsGoneIsGivenUp) {
  kube::EventRecorder recorder(environment(), "pod-1");
  kube::Occurrence what = about_service("a");
  what.regarding.namespace_name = "there-is-none";
  recorder.record(what);
  Running& running = start(recorder.run());
  EXPECT_TRUE(eventually([&] { return recorder.failed() == 1; }));
  stop(running);
}

}  // namespace
}  // namespace contract
