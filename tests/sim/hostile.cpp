#include "sim/hostile.h"

#include <fmt/core.h>

#include <utility>

namespace sim {
namespace {

constexpr int kFlood = 100;              // number of edits or of objects
constexpr int kForgedAtOnce = 8;         // objects of each kind
constexpr std::size_t kNote = 64 << 10;  // bytes of an annotation that the operator does not use

const api::ObjectKey kVictim = {"team-a", "dev"};

// The marks by which a forged object claims to belong to a resource.
struct Claim {
  std::string name;
  bool managed = true;     // has the label by which the operator selects its children
  bool uid_label = false;  // has the victim's uid as the owner's uid
  bool annotation = true;  // names `owner` as the owner
  bool reference = false;  // has the victim as its controller
  std::string owner = "team-a/dev";
};

const std::vector<Claim>& claims() {
  static const std::vector<Claim> kClaims = {
      {"the owner annotation"},
      {"the owner's uid", true, true},
      {"the uid alone", true, true, false},
      {"an owner reference", true, true, true, true},
      {"an owner reference alone", true, false, false, true},
      {"the annotation of a resource that is gone", true, false, true, false, "team-a/gone"},
  };
  return kClaims;
}

std::string forged_metadata(const Claim& claim, const std::string& name, const std::string& uid,
                            const std::string& space) {
  // The oracles recognise a forged object by the first label.
  std::string labels = R"("forged":"yes","app.kubernetes.io/name":"local-registry",)"
                       R"("app.kubernetes.io/instance":"registry")";
  if (claim.managed) labels += R"(,"app.kubernetes.io/managed-by":"local-registry-operator")";
  if (claim.uid_label) labels += fmt::format(R"(,"localregistry.dev/owner-uid":"{}")", uid);
  std::string annotations;
  if (claim.annotation) annotations = fmt::format(R"("localregistry.dev/owner":"{}")", claim.owner);
  std::string references;
  if (claim.reference) {
    references = fmt::format(
        R"({{"apiVersion":"localregistry.dev/v1alpha1","kind":"LocalRegistry","name":"dev",)"
        R"("uid":"{}","controller":true,"blockOwnerDeletion":true}})",
        uid);
  }
  return fmt::format(
      R"("metadata":{{"name":"{}","namespace":"{}","labels":{{{}}},"annotations":{{{}}},)"
      R"("ownerReferences":[{}]}})",
      name, space, labels, annotations, references);
}

struct Forgery {
  std::string plural;
  std::string head;  // apiVersion and kind
  std::string rest;  // after the metadata
};

const std::vector<Forgery>& forgeries() {
  static const std::string kTemplate =
      R"("selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},)"
      R"("spec":{"containers":[{"name":"registry","image":"evil:1"}]}})";
  static const std::vector<Forgery> kForgeries = {
      {"services", R"("apiVersion":"v1","kind":"Service")",
       R"("spec":{"type":"NodePort","ports":[{"name":"registry","port":5000}]})"},
      {"deployments", R"("apiVersion":"apps/v1","kind":"Deployment")",
       fmt::format(R"("spec":{{{}}})", kTemplate)},
      {"statefulsets", R"("apiVersion":"apps/v1","kind":"StatefulSet")",
       fmt::format(R"("spec":{{"serviceName":"registry",{}}})", kTemplate)},
      {"persistentvolumeclaims", R"("apiVersion":"v1","kind":"PersistentVolumeClaim")",
       R"("spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}})"},
      {"pods", R"("apiVersion":"v1","kind":"Pod")",
       R"("spec":{"containers":[{"name":"registry","image":"evil:1"}]})"},
  };
  return kForgeries;
}

std::string uid_of_victim(World& world) {
  const ObjectPtr victim = world.server.find("localregistries", kVictim);
  return victim ? victim->uid : "00000000-0000-0000-0000-000000000000";
}

Step forge(const Forgery& forgery, const Claim& claim, const std::string& object_name,
           const std::string& space = kHostileNamespace) {
  Step step;
  step.name =
      fmt::format("forged {} {}/{} with {}", forgery.plural, space, object_name, claim.name);
  step.act = [forgery, claim, object_name, space](World& world) {
    world.create(forgery.plural, space,
                 fmt::format("{{{},{},{}}}", forgery.head,
                             forged_metadata(claim, object_name, uid_of_victim(world), space),
                             forgery.rest));
  };
  step.must_change_nothing = true;
  return step;
}

Step edit_forged(const Forgery& forgery) {
  Step step;
  step.name = "the forged object is edited and deleted";
  step.act = [plural = forgery.plural](World& world) {
    for (int i = 0; i < kFlood; ++i) {
      world.patch(plural, {kHostileNamespace, "registry"},
                  fmt::format(R"({{"metadata":{{"annotations":{{"round":"{}"}}}}}})", i));
    }
    world.remove(plural, {kHostileNamespace, "registry"});
  };
  step.must_change_nothing = true;
  return step;
}

// Creates a resource of the hostile tenant that targets a namespace which does not allow it.
Step reach_for(const std::string& target) {
  return {fmt::format("a resource that reaches for {}", target), [target](World& world) {
            world.apply_registry(fmt::format(R"({{"namespace":"{}"}})", target), "dev",
                                 kHostileNamespace);
          }};
}

Step flood() {
  return {"a flood of edits and of large annotations", [](World& world) {
            const std::string note(kNote, 'x');
            for (int i = 0; i < kFlood; ++i) {
              world.apply_registry(i % 2 == 0 ? R"({"suspend":true})" : "{}", "dev",
                                   kHostileNamespace);
              if (i % 20 != 0) continue;
              world.patch(
                  "localregistries", {kHostileNamespace, "dev"},
                  fmt::format(R"({{"metadata":{{"annotations":{{"note-{}":"{}"}}}}}})", i, note));
            }
          }};
}

// Forges so many objects which claim to belong to the victim that a bounded read of the victim's
// children could miss the real ones.
Step forge_many(const std::string& space) {
  return {fmt::format("many objects forged in {}", space), [space](World& world) {
            for (const Forgery& forgery : forgeries()) {
              for (int i = 0; i < kForgedAtOnce; ++i) {
                forge(forgery, claims().front(), fmt::format("a-{}", i), space).act(world);
              }
            }
          }};
}

Step create_namespace(const std::string& name) {
  return {fmt::format("namespace {}", name), [name](World& world) {
            world.create("namespaces", "",
                         fmt::format(R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{)"
                                     R"("name":"{}","annotations":{{)"
                                     R"("localregistry.dev/allow-from":"team-a"}}}}}})",
                                     name));
          }};
}

Step live_with(const std::string& spec) {
  return {"the victim's registry",
          [spec](World& world) { world.apply_registry(spec, kVictim.name); }};
}

}  // namespace

std::vector<Scenario> hostilities() {
  static const std::vector<std::pair<std::string, std::string>> kVictims = {
      {"a default registry", "{}"},
      {"a registry elsewhere", R"({"namespace":"shared"})"},
      {"a volume until deleted", R"({"persistence":{"enabled":true,"whenDeleted":"Delete"}})"},
  };
  std::vector<Scenario> list;
  for (const Forgery& forgery : forgeries()) {
    for (const auto& [title, spec] : kVictims) {
      std::vector<Step> steps = {live_with(spec)};
      for (const Claim& claim : claims()) {
        const bool is_first = steps.size() == 1;
        steps.push_back(
            forge(forgery, claim, is_first ? "registry" : fmt::format("other-{}", steps.size())));
      }
      steps.push_back(edit_forged(forgery));
      list.push_back({fmt::format("hostile/{} against {}", forgery.plural, title), steps, {}});
    }
    list.push_back({fmt::format("hostile/{} left when its victim goes", forgery.plural),
                    {live_with("{}"),
                     forge(forgery, claims()[1], "registry"),
                     {"deleted", [](World& world) { world.remove("localregistries", kVictim); }}},
                    {}});
  }
  for (const Forgery& forgery : forgeries()) {
    list.push_back({fmt::format("hostile/{} in the target namespace", forgery.plural),
                    {live_with(R"({"namespace":"shared"})"),
                     forge(forgery, claims().front(), "other", "shared")},
                    {}});
  }
  list.push_back({"hostile/many objects that hide one elsewhere",
                  {create_namespace("attic"), live_with(R"({"namespace":"attic"})"),
                   forge_many("shared"), live_with(R"({"namespace":"shared"})")},
                  {}});
  for (const char* target : {"team-a", "shared", "team-b"}) {
    list.push_back(
        {fmt::format("hostile/{} reached for", target), {live_with("{}"), reach_for(target)}, {}});
  }
  list.push_back({"hostile/flood", {live_with("{}"), flood()}, {}});
  return list;
}

}  // namespace sim
