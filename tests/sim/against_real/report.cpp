#include "sim/against_real/report.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/target.h"

namespace against_real {
namespace {

std::string patch_verb(std::string_view content_type) {
  if (content_type == "application/apply-patch+yaml") return "apply";
  if (content_type == "application/json-patch+json") return "json-patch";
  if (content_type == "application/strategic-merge-patch+json") return "strategic-patch";
  return "patch";
}

template <class Counts>
std::string listed(const Counts& counts) {
  std::string text;
  for (const auto& [what, count] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, count);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::string verb_of(const kube::Request& request) {
  const std::optional<sim::Target> target = sim::parse_target(request.target);
  const bool one = target && !target->name.empty();
  const std::string of = target && target->subresource == "status" ? " of status" : "";
  switch (request.method) {
    case kube::Method::kGet:
      if (target && target->parameter("watch") == "true") return "watch";
      return one || !target ? "get" + of : "list";
    case kube::Method::kPost: return "create";
    case kube::Method::kPut: return "update" + of;
    case kube::Method::kDelete: return one ? "delete" : "deletecollection";
    case kube::Method::kPatch: return patch_verb(request.content_type) + of;
  }
  return "other";
}

void Report::count_request(const kube::Request& request, int code) {
  ++requests_[verb_of(request)];
  ++codes_[code];
}

void Report::count_watch(std::uint64_t events) {
  ++requests_["watch"];
  watch_events_ += events;
}

void Report::count_explained(const std::vector<std::string_view>& names) {
  for (const std::string_view name : names) ++explained_[std::string(name)];
}

std::string Report::text() const {
  std::uint64_t requests = 0;
  for (const auto& [verb, count] : requests_) requests += count;
  return fmt::format(
      "{} sequences, {} requests\n"
      "  verbs: {}\n"
      "  codes: {}\n"
      "  watch events: {}\n"
      "  explained: {}\n"
      "  not seen again: {}\n"
      "{} differences\n",
      sequences_, requests, listed(requests_), listed(codes_), watch_events_, listed(explained_),
      not_seen_again_, differences_);
}

}  // namespace against_real
