#include "reconcile/pull/probe_pairs.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/limits.h"
#include "base/text/hash.h"

namespace reconcile {
namespace {

// The nodes in the order of their hashes. A registry gets the nodes that follow its own hashes.
class Ring {
 public:
  explicit Ring(const std::vector<std::string>& nodes) {
    for (std::size_t i = 0; i < nodes.size(); ++i)
      places_.emplace_back(base::spread_hash(nodes[i]), i);
    std::sort(places_.begin(), places_.end());
  }

  // Adds nodes that are not in `chosen`, until it has limits::kRegistryNodes or all nodes.
  void add_nodes(std::uint64_t hash, std::vector<std::size_t>& chosen) const {
    auto place = std::lower_bound(places_.begin(), places_.end(), std::pair(hash, std::size_t(0)));
    for (std::size_t seen = 0; seen < places_.size(); ++seen) {
      if (chosen.size() >= limits::kRegistryNodes) return;
      if (place == places_.end()) place = places_.begin();
      const std::size_t node = (place++)->second;
      if (std::find(chosen.begin(), chosen.end(), node) == chosen.end()) chosen.push_back(node);
    }
  }

 private:
  std::vector<std::pair<std::uint64_t, std::size_t>> places_;
};

std::vector<PullPair> all_pairs(std::size_t nodes, std::size_t registries) {
  std::vector<PullPair> pairs;
  pairs.reserve(nodes * registries);
  for (std::size_t node = 0; node < nodes; ++node) {
    for (std::size_t registry = 0; registry < registries; ++registry) {
      pairs.push_back({node, registry});
    }
  }
  return pairs;
}

// Returns the index of the registry with that uid, else of the oldest one.
std::size_t choose_witness(const std::vector<ProbedRegistry>& registries, std::string_view uid) {
  const auto current = std::find_if(registries.begin(), registries.end(),
                                    [uid](const auto& registry) { return registry.uid == uid; });
  const auto oldest =
      std::min_element(registries.begin(), registries.end(), [](const auto& a, const auto& b) {
        return std::tie(a.created, a.uid) < std::tie(b.created, b.uid);
      });
  const auto chosen = current != registries.end() ? current : oldest;
  return static_cast<std::size_t>(chosen - registries.begin());
}

}  // namespace

PairChoice choose_pairs(const std::vector<std::string>& nodes,
                        const std::vector<ProbedRegistry>& registries,
                        std::string_view current_witness) {
  if (nodes.empty() || registries.empty()) return {};
  // With a witness, the number of pairs has to fall further, so that it does not come and go.
  const std::size_t most = current_witness.empty()
                               ? limits::kProvenPairs
                               : limits::kProvenPairs - limits::kProvenPairs / 5;
  if (registries.size() <= most / nodes.size()) {
    return {all_pairs(nodes.size(), registries.size()), {}};
  }
  const std::size_t witness = choose_witness(registries, current_witness);
  std::vector<PullPair> pairs;
  for (std::size_t node = 0; node < nodes.size(); ++node) pairs.push_back({node, witness});
  std::vector<std::pair<std::string_view, std::size_t>> by_name;
  for (std::size_t node = 0; node < nodes.size(); ++node) by_name.emplace_back(nodes[node], node);
  std::sort(by_name.begin(), by_name.end());
  const Ring ring(nodes);
  for (std::size_t i = 0; i < registries.size(); ++i) {
    if (i == witness) continue;
    std::vector<std::size_t> chosen;
    const auto own = std::lower_bound(by_name.begin(), by_name.end(),
                                      std::pair(std::string_view(registries[i].node), 0UL));
    if (own != by_name.end() && own->first == registries[i].node) chosen.push_back(own->second);
    ring.add_nodes(base::spread_hash(registries[i].uid), chosen);
    for (const std::size_t node : chosen) pairs.push_back({node, i});
  }
  std::sort(pairs.begin(), pairs.end());
  return {std::move(pairs), registries[witness].uid};
}

}  // namespace reconcile
