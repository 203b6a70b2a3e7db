#include "sim/against_real/sequence.h"

#include <fmt/core.h>

#include <utility>

#include "sim/against_real/steps.h"

namespace against_real {
namespace {

constexpr std::uint64_t kShort = 16;
constexpr std::uint64_t kLong = 50;
constexpr int kLongPercent = 10;

struct Share {
  std::uint64_t up_to;  // of 100
  Step (*draw)(Dice& dice);
};
constexpr Share kShares[] = {{28, operator_applies},
                             {34, operator_writes_status},
                             {42, deletes},
                             {52, user_writes_registry},
                             {62, edits},
                             {67, patches_by_operations},
                             {74, controller_writes_status},
                             {80, replaces},
                             {85, other_manager_applies},
                             {92, reads},
                             {96, other_types},
                             {100, hostile}};

Step draw_step(Dice& dice) {
  const std::uint64_t drawn = dice.between(1, 100);
  for (const Share& share : kShares) {
    if (drawn <= share.up_to) return share.draw(dice);
  }
  return hostile(dice);
}

WatchPlan draw_watch(Dice& dice) {
  const Type& type = dice.chance(60) ? dice.child() : dice.any_type();
  const std::string path(type.path);
  WatchPlan plan;
  plan.plural = path.substr(path.rfind('/') + 1);
  plan.initial = dice.chance(30);
  plan.query =
      plan.initial ? "resourceVersion=0" : "resourceVersion=@start@&allowWatchBookmarks=true";
  if (dice.chance(40)) plan.query += "&labelSelector=keep%3Dyes";
  plan.marker = {kube::Method::kPost, path + "?fieldManager=m", kJson,
                 fmt::format(R"({{"apiVersion":"{}","kind":"{}",)"
                             R"("metadata":{{"name":"{}","labels":{{"keep":"yes"}}}}{}{}}})",
                             type.version, type.kind, kMarker,
                             type.spec.empty() ? "" : R"(,"spec":)", type.spec)};
  return plan;
}

}  // namespace

Sequence make_sequence(std::uint64_t seed) {
  Dice dice(seed);
  Sequence sequence;
  sequence.seed = seed;
  const std::uint64_t count = dice.between(1, dice.chance(kLongPercent) ? kLong : kShort);
  // Most sequences begin with objects that the later steps can act on.
  if (dice.chance(50)) sequence.steps.push_back(user_creates_registry(dice));
  if (count > 1 && dice.chance(80)) sequence.steps.push_back(operator_creates(dice));
  while (sequence.steps.size() < count) sequence.steps.push_back(draw_step(dice));
  sequence.watch = draw_watch(dice);
  return sequence;
}

}  // namespace against_real
