// Watches, informers and read-your-own-writes against a real kube-apiserver.
#include <cstdlib>

#include "api/coordination.h"
#include "api/local_registry.h"
#include "contract/contract.h"
#include "kube/requests.h"
#include "kube/status.h"
#include "kube/watch/informer.h"
#include "kube/watch/watch_decoder.h"

namespace contract {
namespace {

using base::ErrorCode;
using kube::ApplyGuard;
using kube::Informer;
using testing::HasSubstr;

// WithoutStreaming simulates a server without streaming lists on the real transport.
class WithoutStreaming final : public kube::Transport {
 public:
  explicit WithoutStreaming(kube::Transport& real) : real_(real) {}

  boost::asio::awaitable<base::Result<kube::Response>> send(kube::Request request) override {
    return real_.send(std::move(request));
  }

  boost::asio::awaitable<base::Result<kube::Opened>> open(kube::Request request) override {
    if (request.target.find("sendInitialEvents") != std::string::npos) return refuse();
    if (request.target.find("watch=") == std::string::npos) ++lists;
    return real_.open(std::move(request));
  }

  int lists = 0;

 private:
  static boost::asio::awaitable<base::Result<kube::Opened>> refuse() {
    kube::Opened opened;
    opened.head.status = 422;
    co_return std::move(opened);
  }

  kube::Transport& real_;
};

class WatchContract : public ContractTest {
 protected:
  kube::InformerOptions here() const {
    kube::InformerOptions options;
    options.scopes = {kube::Scope{space, ""}};
    return options;
  }

  api::Lease lease_of(const std::string& name, const std::string& label = "x") {
    api::Lease lease;
    lease.metadata = named(name);
    lease.metadata.labels["group"] = label;
    return lease;
  }

  api::Event event_of(const std::string& name) {
    api::Event event;
    event.metadata = named(name);
    event.event_time = {clock.wall()};
    event.reporting_controller = "contract";
    event.reporting_instance = "contract-0";
    event.action = "Test";
    event.reason = "Tested";
    event.regarding.kind = "Namespace";
    event.regarding.name = space;
    event.regarding.namespace_name = space;
    event.note = "a note";
    event.type = "Normal";
    return event;
  }

  // Compacts etcd up to this revision. CONTRACT_ETCD is the address of etcd.
  static void forget_all_before(const std::string& resource_version) {
    const std::string command =
        "curl -fsS \"$CONTRACT_ETCD/v3/kv/compaction\" -o /dev/null -d '{"
        "\"revision\":" +
        resource_version + ",\"physical\":true}'";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  std::string version_of(const Informer<api::Lease>& informer, const std::string& name) {
    const auto lease = informer.store().get(key(name));
    return lease ? lease->metadata.resource_version : "-";
  }
};

TEST_F(WatchContract, AnInformerListsAndFollows) {
  const auto before = result_of(client.create(lease_of("before")));
  Informer<api::Lease> informer(environment(), here());
  Running& running = start(informer.run());
  ASSERT_TRUE(eventually([&] { return informer.synced(); }));
  EXPECT_EQ(version_of(informer, "before"), before->metadata.resource_version);
  EXPECT_EQ(informer.waiting_for(), "");

  const auto after = result_of(client.create(lease_of("after")));
  EXPECT_TRUE(eventually(
      [&] { return version_of(informer, "after") == after->metadata.resource_version; }));
  EXPECT_GE(informer.store().revision(key("after")),
            kube::revision_of(after->metadata.resource_version));

  ASSERT_TRUE(result_of(client.remove<api::Lease>(key("before"), {before->metadata.uid, ""},
                                                  kube::Propagation::kBackground)));
  EXPECT_TRUE(eventually([&] { return version_of(informer, "before") == "-"; }));
  stop(running);
}

TEST_F(WatchContract, WhatNoLongerMatchesTheSelectorIsGone) {
  kube::InformerOptions options = here();
  options.label_selector = "group=x";
  Informer<api::Lease> informer(environment(), options);
  Running& running = start(informer.run());
  const auto lease = result_of(client.create(lease_of("a", "x")));
  ASSERT_TRUE(result_of(client.create(lease_of("b", "y"))));
  ASSERT_TRUE(eventually([&] { return version_of(informer, "a") != "-"; }));
  EXPECT_EQ(version_of(informer, "b"), "-");
  ASSERT_TRUE(
      result_of(client.patch<api::Lease>(key("a"), R"({"metadata":{"labels":{"group":"y"}}})")));
  EXPECT_TRUE(eventually([&] { return version_of(informer, "a") == "-"; }));
  stop(running);
}

TEST_F(WatchContract, APagedListGivesTheSameAsAStreamedOne) {
  constexpr int kMany = limits::kListPage + 100;
  for (int i = 0; i < kMany; ++i) {
    ASSERT_TRUE(result_of(client.create(lease_of("lease-" + std::to_string(i)))));
  }
  Informer<api::Lease> streamed(environment(), here());
  WithoutStreaming old(*transport);
  Informer<api::Lease> paged(environment(kube::Client(old)), here());
  Running& one = start(streamed.run());
  Running& two = start(paged.run());
  ASSERT_TRUE(eventually([&] { return streamed.synced() && paged.synced(); }));
  EXPECT_EQ(old.lists, 2);
  EXPECT_EQ(streamed.store().size(), static_cast<std::size_t>(kMany));
  EXPECT_EQ(paged.store().size(), static_cast<std::size_t>(kMany));
  streamed.store().each([&](const auto& lease) {
    const auto other = paged.store().get(api::key_of(lease->metadata));
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(*other, *lease);
  });
  const auto later = result_of(client.create(lease_of("later")));
  EXPECT_TRUE(
      eventually([&] { return version_of(paged, "later") == later->metadata.resource_version; }));
  stop(one);
  stop(two);
}

TEST_F(WatchContract, OwnWritesAreSeenAtOnceAndConfirmedByTheWatch) {
  Informer<api::Service> informer(environment(), here());
  Running& running = start(informer.run());
  ASSERT_TRUE(eventually([&] { return informer.synced(); }));
  std::vector<std::string> told;
  informer.store().on_change([&told](const api::Service* before, const api::Service* after) {
    told.push_back((before == nullptr ? "-" : before->metadata.resource_version) + ">" +
                   (after == nullptr ? "-" : after->metadata.resource_version));
  });
  const auto service =
      result_of(client.apply(service_of(named("registry")), ApplyGuard::create_only()));
  informer.store().record_written(*service);
  ASSERT_NE(informer.store().get(key("registry")), nullptr);
  EXPECT_TRUE(eventually([&] { return informer.store().core().pending_writes() == 0; }));
  EXPECT_EQ(*informer.store().get(key("registry")), *service);
  EXPECT_EQ(told, std::vector<std::string>{"->" + service->metadata.resource_version});

  const auto left = result_of(client.remove<api::Service>(
      key("registry"), {service->metadata.uid, ""}, kube::Propagation::kBackground));
  ASSERT_TRUE(left);
  EXPECT_FALSE(left->has_value());
  informer.store().record_deleted(key("registry"), service->metadata.uid,
                                  service->metadata.resource_version);
  EXPECT_EQ(informer.store().get(key("registry")), nullptr);
  EXPECT_TRUE(eventually([&] { return informer.store().core().pending_writes() == 0; }));
  EXPECT_EQ(told.size(), 2U);
  stop(running);
}

TEST_F(WatchContract, ARaceOfWritesAndEventsNeverShowsAnOlderObject) {
  Informer<api::Lease> informer(environment(), here());
  Running& running = start(informer.run());
  ASSERT_TRUE(eventually([&] { return informer.synced(); }));
  std::uint64_t seen = 0;
  int backwards = 0;
  informer.store().on_change([&](const api::Lease*, const api::Lease* after) {
    const std::uint64_t now =
        after == nullptr ? 0 : kube::revision_of(after->metadata.resource_version);
    if (now <= seen) ++backwards;
    seen = now;
  });
  auto lease = *result_of(client.create(lease_of("a")));
  for (int i = 0; i < 100; ++i) {
    lease = *result_of(client.patch<api::Lease>(
        key("a"), R"({"metadata":{"labels":{"round":")" + std::to_string(i) + R"("}}})"));
    if (i % 3 != 0) informer.store().record_written(lease);
  }
  EXPECT_TRUE(
      eventually([&] { return version_of(informer, "a") == lease.metadata.resource_version; }));
  EXPECT_TRUE(eventually([&] { return informer.store().core().pending_writes() == 0; }));
  EXPECT_EQ(backwards, 0);
  stop(running);
}

// The API server has no watch cache for Events, so revisions that etcd has compacted are gone.
TEST_F(WatchContract, WhatTheServerHasForgottenIsGone) {
  const auto& type = api::Resource<api::Event>::kType;
  const auto first = result_of(client.create(event_of("a")));
  ASSERT_TRUE(first) << base::to_string(first.error());
  ASSERT_TRUE(result_of(client.create(event_of("b"))));
  kube::ListOptions pages{space, "", "", 1, ""};
  pages.continue_token = result_of(client.list<api::Event>(pages))->metadata.continue_token;
  ASSERT_NE(pages.continue_token, "");
  const auto last = result_of(client.create(event_of("c")));
  forget_all_before(last->metadata.resource_version);

  EXPECT_EQ(result_of(client.list<api::Event>(pages)).error().code, ErrorCode::kGone);
  kube::WatchOptions options{space, "", "", first->metadata.resource_version, false, 5s};
  auto stream = result_of(client.open(type, kube::watch_request(type, options)));
  ASSERT_TRUE(stream) << base::to_string(stream.error());
  const auto bytes = result_of((*stream)->read(5s));
  ASSERT_TRUE(bytes) << base::to_string(bytes.error());
  kube::LineSplitter lines;
  lines.feed(*bytes);
  const auto line = lines.next();
  ASSERT_TRUE(line && *line);
  const auto event = kube::WatchEvent::parse(**line);
  ASSERT_TRUE(event);
  ASSERT_EQ(event->type(), kube::WatchEventType::kError) << **line;
  EXPECT_EQ(kube::error_of_event(event->object(), "events").code, ErrorCode::kGone);
}

TEST_F(WatchContract, AWatchEndsInOrderWhenItsTimeIsUp) {
  const auto lease = result_of(client.create(lease_of("a")));
  kube::WatchOptions options{space, "", "", lease->metadata.resource_version, false, 1s};
  const auto& type = api::Resource<api::Lease>::kType;
  auto stream = result_of(client.open(type, kube::watch_request(type, options)));
  ASSERT_TRUE(stream) << base::to_string(stream.error());
  const auto bytes = result_of((*stream)->read(5s));
  ASSERT_TRUE(bytes) << base::to_string(bytes.error());
  EXPECT_EQ(*bytes, "");
}

TEST_F(WatchContract, OneWhoMayNotWatchWaitsAndSaysWhy) {
  const auto nobody = connect("nobody");
  Informer<api::LocalRegistry> informer(environment(kube::Client(*nobody)), here());
  Running& running = start(informer.run());
  ASSERT_TRUE(
      eventually([&] { return informer.waiting_for().find("not listed") == std::string::npos; }));
  EXPECT_THAT(informer.waiting_for(), HasSubstr("waiting for localregistries: Forbidden: "));
  EXPECT_THAT(informer.waiting_for(), HasSubstr("User \"nobody\" cannot watch"));
  stop(running);
}

}  // namespace
}  // namespace contract
