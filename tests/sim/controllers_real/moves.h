// This file draws random sequences of moves: what users, the operator and a node do to objects that
// a cluster's controllers manage. The functions are pure functions of a seed and can be called on
// any thread.
//
// A request contains marks for what differs between the clusters: @ns@ is the namespace of the
// sequence, @uid:PLURAL/NAME@ the uid of the object of this name, and @owned@ the owner reference
// to the LocalRegistry "dev" if that exists.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kube/transport.h"
#include "sim/kubelet.h"

namespace controllers_real {

// What happens to all pods with a given value of the label `app`.
enum class PodDeed { kDelete, kRelabel, kFail };

struct Move {
  enum class Kind { kRequest, kNode, kPods };

  Kind kind = Kind::kRequest;
  kube::Request request = {};       // kRequest
  sim::PodParts parts = {};         // kNode: what scheduler and kubelet do in one round
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
