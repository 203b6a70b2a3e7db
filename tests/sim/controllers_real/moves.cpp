#include "sim/controllers_real/moves.h"

#include <fmt/core.h>

#include <initializer_list>
#include <utility>

#include "base/random.h"

namespace controllers_real {
namespace {

using kube::Method;

constexpr std::uint64_t kFewest = 3;
constexpr std::uint64_t kMax = 14;
constexpr int kNamespacePercent = 6;  // of the sequences delete their namespace at the end
constexpr int kRoundsAfterNamespace = 3;

constexpr auto kApps = "/apis/apps/v1/namespaces/@ns@/";
constexpr auto kCore = "/api/v1/namespaces/@ns@/";
constexpr auto kRegistries = "/apis/localregistry.dev/v1alpha1/namespaces/@ns@/localregistries";
constexpr auto kForeignOwner = R"({"apiVersion":"v1","kind":"Secret","name":"gone",)"
                               R"("uid":"00000000-0000-4000-8000-00000000dead"})";

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return random_.between(low, high);
  }
  bool chance(int percent) { return between(1, 100) <= static_cast<std::uint64_t>(percent); }
  std::string pick(std::initializer_list<const char*> options) {
    return *(options.begin() + static_cast<std::ptrdiff_t>(between(0, options.size() - 1)));
  }

 private:
  base::Random random_;
};

struct Target {
  const char* plural;
  const char* path;
  const char* name;

  std::string one() const { return std::string(path) + plural + "/" + name; }
};
constexpr Target kDeployment = {"deployments", kApps, "web"};
constexpr Target kSet = {"statefulsets", kApps, "db"};
constexpr Target kClaim = {"persistentvolumeclaims", kCore, "data"};
constexpr Target kService = {"services", kCore, "web"};

Move request(Method method, std::string target, std::string body) {
  Move move;
  move.request.method = method;
  move.request.target = std::move(target);
  move.request.content_type =
      method == Method::kPatch ? "application/merge-patch+json" : "application/json";
  move.request.body = std::move(body);
  return move;
}

Move merge(const Target& target, std::string body) {
  return request(Method::kPatch, target.one(), std::move(body));
}

Move node(Dice& dice) {
  Move move;
  move.kind = Move::Kind::kNode;
  if (dice.chance(30)) {
    move.parts = {dice.chance(50), dice.chance(50), dice.chance(50)};
  }
  return move;
}

Move pods(PodDeed deed, std::string app) {
  Move move;
  move.kind = Move::Kind::kPods;
  move.deed = deed;
  move.app = std::move(app);
  return move;
}

std::string image(Dice& dice) {
  return dice.pick({"good:1", "good:1", "good:2", "missing:1", "missing:2", "crashing:1"});
}

std::string selector(Dice& dice) {
  return dice.chance(75) ? "null" : dice.pick({R"({"disk":"ssd"})", R"({"disk":"none"})"});
}

std::string owner(Dice& dice) {
  const std::string registry = fmt::format(
      R"({{"apiVersion":"localregistry.dev/v1alpha1","kind":"LocalRegistry","name":"dev",)"
      R"("uid":"@uid:localregistries/dev@","controller":true,"blockOwnerDeletion":{}}})",
      dice.chance(70));
  switch (dice.between(0, 9)) {
    case 0: return kForeignOwner;
    case 1:
      return fmt::format(
          R"({},{{"apiVersion":"v1","kind":"Service","name":"web","uid":"@uid:services/web@"}})",
          kForeignOwner);
    case 2:
      return fmt::format(
          R"({},{{"apiVersion":"v1","kind":"Service","name":"web","uid":"@uid:services/web@"}})",
          registry);
    default: return registry;
  }
}

std::string metadata(Dice& dice, const Target& target) {
  std::string text = fmt::format(R"("metadata":{{"name":"{}")", target.name);
  if (dice.chance(40)) text += R"(,"ownerReferences":[)" + owner(dice) + "]";
  return text + "}";
}

// Returns the metadata of a workload without an owner, or owned by the LocalRegistry if that
// exists. A workload whose owners do not exist would be deleted at once, and whether it adopts pods
// before that is a race in the real cluster.
std::string workload_metadata(Dice& dice, const Target& target) {
  return fmt::format(R"("metadata":{{"name":"{}"{}}})", target.name,
                     dice.chance(40) ? "@owned@" : "");
}

std::string pod_template(Dice& dice, const std::string& app, bool claims) {
  const std::string second =
      dice.chance(25) ? fmt::format(R"(,{{"name":"side","image":"{}"}})", image(dice)) : "";
  const std::string volumes =
      claims ? R"(,"volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"data"}}])" : "";
  const std::string wanted = selector(dice);
  return fmt::format(
      R"("template":{{"metadata":{{"labels":{{"app":"{}"}}}},"spec":{{"containers":[)"
      R"({{"name":"main","image":"{}"}}{}],"terminationGracePeriodSeconds":1{}{}}}}})",
      app, image(dice), second, volumes, wanted == "null" ? "" : R"(,"nodeSelector":)" + wanted);
}

std::uint64_t replicas(Dice& dice) { return dice.chance(70) ? 1 : dice.between(0, 3); }

Move create_deployment(Dice& dice) {
  const std::string strategy =
      dice.chance(60) ? R"({"type":"Recreate"})" : R"({"type":"RollingUpdate"})";
  const std::string limit = dice.chance(30) ? R"("revisionHistoryLimit":1,)" : "";
  return request(
      Method::kPost, std::string(kApps) + "deployments",
      fmt::format(R"({{"apiVersion":"apps/v1","kind":"Deployment",{},"spec":{{"replicas":{},{})"
                  R"("strategy":{},"selector":{{"matchLabels":{{"app":"web"}}}},{}}}}})",
                  workload_metadata(dice, kDeployment), replicas(dice), limit, strategy,
                  pod_template(dice, "web", dice.chance(15))));
}

Move create_set(Dice& dice) {
  return request(
      Method::kPost, std::string(kApps) + "statefulsets",
      fmt::format(R"({{"apiVersion":"apps/v1","kind":"StatefulSet",{},"spec":{{"replicas":{},)"
                  R"("podManagementPolicy":"{}","serviceName":"db",)"
                  R"("selector":{{"matchLabels":{{"app":"db"}}}},{}}}}})",
                  workload_metadata(dice, kSet), replicas(dice),
                  dice.chance(60) ? "OrderedReady" : "Parallel",
                  pod_template(dice, "db", dice.chance(70))));
}

Move create_claim(Dice& dice) {
  return request(Method::kPost, std::string(kCore) + "persistentvolumeclaims",
                 fmt::format(R"({{"apiVersion":"v1","kind":"PersistentVolumeClaim",{},"spec":{{)"
                             R"("accessModes":["ReadWriteOnce"],"storageClassName":"",)"
                             R"("resources":{{"requests":{{"storage":"1Gi"}}}}}}}})",
                             metadata(dice, kClaim)));
}

Move create_registry(Dice& dice) {
  const std::string finalizers = dice.chance(20) ? R"(,"finalizers":["example.com/hold"])" : "";
  return request(
      Method::kPost, kRegistries,
      fmt::format(R"({{"apiVersion":"localregistry.dev/v1alpha1",)"
                  R"("kind":"LocalRegistry","metadata":{{"name":"dev"{}}},"spec":{{}}}})",
                  finalizers));
}

Move create_service(Dice& dice) {
  return request(Method::kPost, std::string(kCore) + "services",
                 fmt::format(R"({{"apiVersion":"v1","kind":"Service",{},"spec":{{)"
                             R"("clusterIP":"None","ports":[{{"port":80}}]}}}})",
                             metadata(dice, kService)));
}

Move create(Dice& dice) {
  switch (dice.between(0, 6)) {
    case 0:
    case 1: return create_deployment(dice);
    case 2:
    case 3: return create_set(dice);
    case 4: return create_claim(dice);
    case 5: return create_service(dice);
    default: return create_registry(dice);
  }
}

// Changes the containers and the node selector. A merge patch replaces the whole list of
// containers.
Move change_template(Dice& dice) {
  const bool set = dice.chance(55);
  const Target& target = set ? kSet : kDeployment;
  const std::string second =
      dice.chance(20) ? fmt::format(R"(,{{"name":"side","image":"{}"}})", image(dice)) : "";
  return merge(target,
               fmt::format(R"({{"spec":{{"template":{{"spec":{{"nodeSelector":{},"containers":[)"
                           R"({{"name":"main","image":"{}"}}{}]}}}}}}}})",
                           selector(dice), image(dice), second));
}

Move change_scale(Dice& dice) {
  return merge(dice.chance(50) ? kSet : kDeployment,
               fmt::format(R"({{"spec":{{"replicas":{}}}}})", dice.between(0, 3)));
}

Move change_strategy(Dice& dice) {
  return merge(kDeployment,
               dice.chance(50) ? R"({"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}})"
                               : R"({"spec":{"strategy":{"type":"RollingUpdate"}}})");
}

Target any_target(Dice& dice) {
  switch (dice.between(0, 5)) {
    case 0:
    case 1: return kDeployment;
    case 2:
    case 3: return kSet;
    case 4: return kClaim;
    default: return kService;
  }
}

Move remove(Dice& dice) {
  const std::string one =
      dice.chance(20) ? std::string(kRegistries) + "/dev" : any_target(dice).one();
  return request(Method::kDelete, one,
                 fmt::format(R"({{"apiVersion":"v1","kind":"DeleteOptions",)"
                             R"("propagationPolicy":"{}"}})",
                             dice.pick({"Background", "Foreground", "Orphan", "Orphan"})));
}

Move change_metadata(Dice& dice) {
  const Target target = any_target(dice);
  switch (dice.between(0, 4)) {
    case 0: return merge(target, R"({"metadata":{"finalizers":["example.com/hold"]}})");
    case 1: return merge(target, R"({"metadata":{"ownerReferences":null}})");
    case 2:
      return request(Method::kPatch, std::string(kRegistries) + "/dev",
                     R"({"metadata":{"finalizers":null}})");
    default: return merge(target, R"({"metadata":{"ownerReferences":[)" + owner(dice) + "]}}");
  }
}

// Removes all finalizers of a workload. PersistentVolumeClaims keep theirs, which a controller
// sets.
Move let_go(Dice& dice) {
  return merge(dice.chance(50) ? kSet : kDeployment, R"({"metadata":{"finalizers":null}})");
}

Move disturb_pods(Dice& dice) {
  const std::string app = dice.chance(55) ? "db" : "web";
  return pods(dice.chance(60)   ? PodDeed::kDelete
              : dice.chance(50) ? PodDeed::kRelabel
                                : PodDeed::kFail,
              app);
}

Move draw(Dice& dice) {
  const std::uint64_t drawn = dice.between(1, 100);
  if (drawn <= 42) return node(dice);
  if (drawn <= 55) return create(dice);
  if (drawn <= 69) return change_template(dice);
  if (drawn <= 75) return change_scale(dice);
  if (drawn <= 86) return remove(dice);
  if (drawn <= 91) return disturb_pods(dice);
  if (drawn <= 97) return change_metadata(dice);
  if (drawn <= 98) return change_strategy(dice);
  return let_go(dice);
}

// Recreates the set as the operator does: its pods stay and are adopted.
void recreate_set(Dice& dice, std::vector<Move>& moves) {
  moves.push_back(request(Method::kDelete, kSet.one(),
                          R"({"apiVersion":"v1","kind":"DeleteOptions",)"
                          R"("propagationPolicy":"Orphan"})"));
  moves.push_back(create_set(dice));
}

}  // namespace

std::string Move::text() const {
  switch (kind) {
    case Kind::kNode:
      return fmt::format("the node: {}{}{}", parts.bind ? "binds " : "", parts.run ? "runs " : "",
                         parts.end ? "ends" : "");
    case Kind::kPods:
      return fmt::format("pods of {}: {}", app,
                         deed == PodDeed::kDelete    ? "deleted"
                         : deed == PodDeed::kRelabel ? "relabelled"
                                                     : "failed");
    case Kind::kRequest: break;
  }
  return fmt::format("{} {} {}", kube::name(request.method), request.target, request.body);
}

Sequence make_sequence(std::uint64_t seed) {
  Dice dice(seed);
  Sequence sequence;
  sequence.seed = seed;
  std::vector<Move>& moves = sequence.moves;
  if (dice.chance(50)) moves.push_back(create_registry(dice));
  if (dice.chance(60)) moves.push_back(create_claim(dice));
  moves.push_back(dice.chance(60) ? create_set(dice) : create_deployment(dice));
  if (dice.chance(60)) {
    for (int i = 0; i < 2; ++i) {
      Move round;
      round.kind = Move::Kind::kNode;
      moves.push_back(round);
    }
  }
  const std::uint64_t count = dice.between(kFewest, kMax);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (dice.chance(4)) {
      recreate_set(dice, moves);
    } else {
      moves.push_back(draw(dice));
    }
  }
  if (!dice.chance(kNamespacePercent)) return sequence;
  moves.push_back(request(Method::kDelete, "/api/v1/namespaces/@ns@", ""));
  for (int i = 0; i < kRoundsAfterNamespace; ++i) moves.push_back(node(dice));
  return sequence;
}

}  // namespace controllers_real
