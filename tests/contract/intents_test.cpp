// For random specs that the CRD accepts, a real kube-apiserver must answer an apply of the children
// with the applied object. The operator would take a difference for a field that another client
// keeps changing.
//
//     INTENTS=2000 FIRST_INTENT=1 contract --gtest_filter='Intents.*'
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "contract/contract.h"
#include "reconcile/children/children.h"
#include "reconcile/contest/write_history.h"
#include "support/random_spec.h"

namespace contract {
namespace {

constexpr std::uint64_t kUsual = 150;  // specs in every run of the contract tests
constexpr std::size_t kAtOnce = 12;

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Tally {
  std::size_t specs = 0;     // accepted by the CRD
  std::size_t children = 0;  // accepted by the API server
  std::size_t refused = 0;   // children that the API server refused
  std::vector<std::string> differences;
};

class Intents : public ContractTest {
 public:
  // Creates the resource and returns it as the API server stored it, decoded as the operator does.
  boost::asio::awaitable<base::Result<api::LocalRegistry>> create(std::string name,
                                                                  std::string spec) {
    std::string body = fmt::format(
        R"({{"apiVersion":"localregistry.dev/v1alpha1","kind":"LocalRegistry","metadata":{{)"
        R"("name":"{0}","namespace":"{1}"}},"spec":{2}}})",
        name, space, spec);
    const api::ResourceType& type = api::Resource<api::LocalRegistry>::kType;
    auto creating = client.exchange(type, kube::create_request(type, space, std::move(body)));
    const base::Result<json::Document> answer = co_await std::move(creating);
    if (!answer) co_return answer.error();
    co_return json::decode<api::LocalRegistry>(answer->root());
  }

  template <class T>
  boost::asio::awaitable<void> apply(T wanted, std::string spec, Tally& tally) {
    auto applying = client.apply(wanted, kube::ApplyGuard::create_only());
    const base::Result<T> answer = co_await std::move(applying);
    if (!answer) {
      ++tally.refused;
      co_return;
    }
    ++tally.children;
    for (const std::string& field : reconcile::differing_fields(wanted, *answer)) {
      tally.differences.push_back(
          fmt::format("{} {}: {}\n  applied {}\n  answer {}", api::Resource<T>::kType.kind, field,
                      spec, api::encode_object(wanted), api::encode_object(*answer)));
    }
    auto removing = client.remove<T>(api::key_of(answer->metadata), {answer->metadata.uid, ""},
                                     kube::Propagation::kBackground);
    (void)co_await std::move(removing);
  }

  boost::asio::awaitable<void> try_intent(std::uint64_t seed, Tally& tally) {
    const std::string spec = support::RandomSpec(seed).spec();
    const std::string name = fmt::format("i-{}", seed);
    auto creating = create(name, spec);
    base::Result<api::LocalRegistry> made = co_await std::move(creating);
    if (!made) co_return;
    ++tally.specs;
    api::LocalRegistry registry = *made;
    registry.spec.name = name;
    const bool with_buildkit = !registry.spec.localbuild;
    if (registry.spec.persistence.enabled) {
      co_await apply(reconcile::build_pvc(registry, nullptr), spec, tally);
      co_await apply(reconcile::build_stateful_set(registry, with_buildkit), spec, tally);
    } else {
      co_await apply(reconcile::build_deployment(registry, with_buildkit), spec, tally);
    }
    if (seed % 8 == 0) co_await apply(reconcile::build_service(registry, 0), spec, tally);
    auto removing = client.remove<api::LocalRegistry>(api::key_of(registry.metadata),
                                                      {registry.metadata.uid, ""},
                                                      kube::Propagation::kBackground);
    (void)co_await std::move(removing);
  }

  boost::asio::awaitable<void> work(std::uint64_t& next, std::uint64_t end, Tally& tally) {
    while (next < end) {
      const std::uint64_t seed = next++;
      co_await try_intent(seed, tally);
    }
  }
};

TEST_F(Intents, EveryAnswerIsWhatWasApplied) {
  const std::uint64_t first = number_of("FIRST_INTENT", 1);
  const std::uint64_t count = number_of("INTENTS", kUsual);
  Tally tally;
  std::uint64_t next = first;
  std::vector<Running*> workers;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    workers.push_back(&start(work(next, first + count, tally)));
  }
  const auto is_done = [](const Running* worker) { return worker->done; };
  ASSERT_TRUE(eventually([&] { return std::all_of(workers.begin(), workers.end(), is_done); },
                         std::chrono::milliseconds(60'000 + count * 500)));
  for (const Running* worker : workers) {
    if (worker->thrown) std::rethrow_exception(worker->thrown);
  }
  std::printf("%zu specs accepted of %zu, %zu children taken, %zu refused\n", tally.specs,
              std::size_t(count), tally.children, tally.refused);
  EXPECT_GT(tally.specs * 2, count) << "most of them are what the CRD accepts";
  EXPECT_GT(tally.children, tally.specs * 3 / 4) << "and most children are taken";
  for (std::size_t i = 0; i < std::min<std::size_t>(tally.differences.size(), 10); ++i) {
    ADD_FAILURE() << tally.differences[i];
  }
  EXPECT_EQ(tally.differences.size(), 0U);
}

}  // namespace
}  // namespace contract
