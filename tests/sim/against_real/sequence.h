// Random sequences of requests, as the actors of a cluster send them: the operator, users,
// controllers, and some who mean harm. Pure functions of a seed; any thread.
//
// Requests name what only an answer can tell by marks, which each side fills in with what it has
// seen:  @ns@  @start@  @uid:Kind/name@  @rv:Kind/name@  @old:Kind/name@ (the version before)
// @port:N@ @address@ (of the sequence's own)  @nodeport:Kind/name@
// @continue:KindList@ (of the last page of such a list)
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
  std::string base = {};  // "Kind/name": the body is merged into that object as last seen
};

// A watch of one type: of what there is at the end, or of all that happened since the beginning.
// The object that ends it is made before; it is the newest and the last by name.
struct WatchPlan {
  std::string plural;
  std::string query;
  bool initial = false;  // of what there is
  Step marker;           // makes that object
};

inline constexpr auto kMarker = "zz-marker";

struct Sequence {
  std::uint64_t seed = 0;
  std::vector<Step> steps;
  WatchPlan watch;
};

Sequence make_sequence(std::uint64_t seed);

}  // namespace against_real
