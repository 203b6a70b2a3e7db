// Random sequences of moves: what users, the operator and a node do to objects that the controllers
// of a cluster look after. Pure functions of a seed; any thread.
//
// A request names what differs from cluster to cluster by marks: @ns@ is the sequence's namespace,
// @uid:PLURAL/NAME@ the uid that the object of that name has, and @owned@ the owner references to
// the LocalRegistry "dev", if there is one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kube/transport.h"
#include "sim/kubelet.h"

namespace controllers_real {

// What happens to all pods whose label `app` has a value.
enum class PodDeed { kDelete, kRelabel, kFail };

struct Move {
  enum class Kind { kRequest, kNode, kPods };

  Kind kind = Kind::kRequest;
  kube::Request request = {};       // kRequest
  sim::PodParts parts = {};         // kNode: one round of scheduler and kubelet
  PodDeed deed = PodDeed::kDelete;  // kPods
  std::string app = {};             // kPods

  std::string text() const;  // for people
};

struct Sequence {
  std::uint64_t seed = 0;
  std::vector<Move> moves;
};

Sequence make_sequence(std::uint64_t seed);

}  // namespace controllers_real
