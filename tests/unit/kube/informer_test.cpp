#include "kube/watch/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/core.h"
#include "support/scripted_transport.h"

namespace kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string event(const std::string& type, const std::string& key, int version) {
  const std::size_t slash = key.find('/');
  return R"({"type":")" + type + R"(","object":{"metadata":{"namespace":")" + key.substr(0, slash) +
         R"(","name":")" + key.substr(slash + 1) + R"(","uid":"u","resourceVersion":")" +
         std::to_string(version) + R"("}}})";
}
std::string end_of_list(int version) {
  return R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" +
         std::to_string(version) + R"(","annotations":{"k8s.io/initial-events-end":"true"}}}})";
}

class InformerTest : public testing::Test {
 protected:
  InformerTest() : transport(world) {}

  void TearDown() override { world.stop(); }

  void start(const InformerOptions& options = {}) {
    informer = std::make_unique<Informer<api::Service>>(environment(), options);
    running = &world.start(informer->run());
    world.settle();
  }
  Environment environment() {
    return {world.executor(), Client(transport), world.clock, random, logger};
  }
  void line(std::size_t stream, const std::string& text) {
    transport.streams.at(stream)->line(text);
    world.settle();
  }

  support::World world;
  support::ScriptedTransport transport;
  base::Random random{1};
  base::Logger logger = base::Logger::silent();
  std::unique_ptr<Informer<api::Service>> informer;
  support::Running* running = nullptr;
};

boost::asio::awaitable<void> note_when_synced(Informer<api::Service>& informer, bool& noted) {
  co_await informer.wait_synced();
  noted = true;
}

TEST_F(InformerTest, IsSyncedOnceTheListIsWhole) {
  bool early = false;
  bool late = false;
  start();
  world.start(note_when_synced(*informer, early));
  world.settle();
  EXPECT_EQ(informer->waiting_for(), "waiting for services: not listed yet");
  line(0, event("ADDED", "team/a", 5));
  EXPECT_FALSE(informer->synced());
  EXPECT_FALSE(early);
  line(0, end_of_list(10));
  EXPECT_TRUE(informer->synced());
  EXPECT_TRUE(early);
  EXPECT_EQ(informer->waiting_for(), "");
  world.start(note_when_synced(*informer, late));
  world.settle();
  EXPECT_TRUE(late);
}

TEST_F(InformerTest, ChangesAreToldWithWhatWasBefore) {
  std::vector<std::string> told;
  start();
  informer->store().on_change([&told](const api::Service* before, const api::Service* after) {
    told.push_back((before == nullptr ? "-" : before->metadata.resource_version) + ">" +
                   (after == nullptr ? "-" : after->metadata.resource_version));
  });
  line(0, event("ADDED", "team/a", 5));
  line(0, end_of_list(10));
  line(0, event("MODIFIED", "team/a", 11));
  line(0, event("DELETED", "team/a", 12));
  EXPECT_THAT(told, ElementsAre("->5", "5>11", "11>-"));
}

TEST_F(InformerTest, EachNamespaceHasAWatchOfItsOwnInOneStore) {
  InformerOptions options;
  options.scopes = {Scope{"one", ""}, Scope{"two", ""}};
  options.label_selector = "x=y";
  start(options);
  ASSERT_EQ(transport.opened.size(), 2U);
  EXPECT_THAT(transport.opened[0].target, HasSubstr("/namespaces/one/services?"));
  EXPECT_THAT(transport.opened[1].target, HasSubstr("/namespaces/two/services?"));
  EXPECT_THAT(transport.opened[1].target, HasSubstr("labelSelector=x%3Dy"));
  line(0, event("ADDED", "one/a", 5));
  line(0, end_of_list(10));
  EXPECT_FALSE(informer->synced());
  line(1, event("ADDED", "two/a", 6));
  line(1, end_of_list(11));
  EXPECT_TRUE(informer->synced());
  EXPECT_EQ(informer->store().size(), 2U);
}

TEST_F(InformerTest, ASingleObjectIsWatchedByItsName) {
  InformerOptions options;
  options.scopes = {Scope{"team", "registry"}};
  start(options);
  EXPECT_THAT(transport.opened[0].target, HasSubstr("/api/v1/namespaces/team/services?"));
  EXPECT_THAT(transport.opened[0].target, HasSubstr("fieldSelector=metadata.name%3Dregistry"));
}

TEST_F(InformerTest, SaysWhatItWaitsFor) {
  transport.on_open = [](const Request&) {
    return support::answer(403, R"({"kind":"Status","reason":"Forbidden","message":"no"})");
  };
  start();
  EXPECT_EQ(informer->waiting_for(), "waiting for services: Forbidden: no");
}

TEST_F(InformerTest, EndsWithAllItsWatchesWhenItIsCancelled) {
  InformerOptions options;
  options.scopes = {Scope{"one", ""}, Scope{"two", ""}};
  start(options);
  running->cancel();
  world.settle();
  EXPECT_TRUE(running->done());
  EXPECT_TRUE(transport.streams[0]->closed);
  EXPECT_TRUE(transport.streams[1]->closed);
}

}  // namespace
}  // namespace kube
