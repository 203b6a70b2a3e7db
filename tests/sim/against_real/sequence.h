// This file draws random sequences of requests as the clients in a cluster send them: the operator,
// users, controllers, and hostile clients. The functions are pure functions of a seed and can be
// called on any thread.
//
// The servers invent some values, which a request names by marks. Each side fills in what its
// server answered last:
//   @ns@ @address@ @port:N@         namespace, cluster address and node ports of the sequence
//   @start@                         resourceVersion at the start of the sequence
//   @uid:Kind/name@                 uid of an object
//   @rv:Kind/name@ @old:Kind/name@  its resourceVersion, and the one before
//   @nodeport:Kind/name@            node port of its first port
//   @continue:KindList@             token of the last page of such a list
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kube/transport.h"

namespace against_real {

struct Step {
  kube::Method method = kube::Method::kGet;
  std::string target;
  std::string content_type = {};
  std::string body = {};
  std::string base = {};  // "Kind/name": the body is merged into this object as seen last
};

// A watch of one type after the last step. It begins with the present objects, or it reports all
// events since the start of the sequence. It ends with the marker object, which is created before
// it, and which is the newest object and the last one by name.
struct WatchPlan {
  std::string plural;
  std::string query;
  bool initial = false;  // begins with the present objects
  Step marker;           // creates the marker object
};

inline constexpr auto kMarker = "zz-marker";

struct Sequence {
  std::uint64_t seed = 0;
  std::vector<Step> steps;
  WatchPlan watch;
};

Sequence make_sequence(std::uint64_t seed);

}  // namespace against_real
