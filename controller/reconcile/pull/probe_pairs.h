// Chooses which pairs of a node and a registry are proven by a probe. All functions are pure and
// can be called on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace reconcile {

// A registry that nodes pull from. Only registries that are available are probed.
struct ProbedRegistry {
  std::string uid;  // of the LocalRegistry
  base::Time created;
  std::string node;  // on which its pod runs; empty: not known
};

// A node and a registry, as indexes of the lists that choose_pairs() got.
struct PullPair {
  std::size_t node = 0;
  std::size_t registry = 0;

  auto operator<=>(const PullPair&) const = default;
};

struct PairChoice {
  std::vector<PullPair> pairs;  // sorted
  // The uid of the registry with which every node is probed; empty: all pairs are probed.
  std::string witness;
};

// Chooses the pairs to probe. Up to limits::kProvenPairs, these are all pairs. Above that, every
// node is probed with one registry, the witness, and every registry on limits::kRegistryNodes
// nodes: that of the registry's pod, and others by hash. A node that is added or removed changes
// few other pairs. `nodes`: the names of the nodes; names are unique. `witness`: that of the last
// choice. It stays while it is among the registries; a new one is the oldest registry.
PairChoice choose_pairs(const std::vector<std::string>& nodes,
                        const std::vector<ProbedRegistry>& registries,
                        std::string_view witness = {});

}  // namespace reconcile
