#include "sim/against_real/dice.h"

#include <array>

namespace against_real {
namespace {

constexpr std::string_view kWorkload =
    R"({"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},)"
    R"("spec":{"containers":[{"name":"c","image":"i"}]}}})";
constexpr std::string_view kClaim =
    R"({"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}})";

constexpr std::array<Type, 7> kTypes = {
    {{"LocalRegistry", "localregistry.dev/v1alpha1",
      "/apis/localregistry.dev/v1alpha1/namespaces/@ns@/localregistries", ""},
     {"Deployment", "apps/v1", "/apis/apps/v1/namespaces/@ns@/deployments", kWorkload},
     {"StatefulSet", "apps/v1", "/apis/apps/v1/namespaces/@ns@/statefulsets", kWorkload},
     {"Service", "v1", "/api/v1/namespaces/@ns@/services", R"({"ports":[{"port":80}]})"},
     {"PersistentVolumeClaim", "v1", "/api/v1/namespaces/@ns@/persistentvolumeclaims", kClaim},
     {"Secret", "v1", "/api/v1/namespaces/@ns@/secrets", ""},
     {"Lease", "coordination.k8s.io/v1", "/apis/coordination.k8s.io/v1/namespaces/@ns@/leases",
      ""}}};

constexpr int kMaxPercent = 65;

}  // namespace

const Type& type_of(std::string_view kind) {
  for (const Type& type : kTypes) {
    if (type.kind == kind) return type;
  }
  return kTypes.front();
}

bool Dice::chance(int percent) { return between(1, 100) <= static_cast<std::uint64_t>(percent); }

std::string Dice::pick(std::initializer_list<const char*> options) {
  return *(options.begin() + static_cast<std::ptrdiff_t>(between(0, options.size() - 1)));
}

const Type& Dice::any_type() { return kTypes.at(between(0, kTypes.size() - 1)); }

std::size_t Dice::draw_child() { return between(1, 4); }

const Type& Dice::child() { return kTypes.at(chance(kMaxPercent) ? max_drawn_ : draw_child()); }

std::string Dice::child_name() { return chance(80) ? "registry" : pick({"other", "third"}); }

std::string Dice::name_for(const Type& type) {
  return type.kind == "LocalRegistry" ? "dev" : child_name();
}

}  // namespace against_real
