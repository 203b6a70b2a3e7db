// RandomSpec makes random specs of LocalRegistries, most of which the CRD accepts. They have every
// field that goes into a pod unchanged, with values that the API server may write differently:
// quantities, empty maps and lists, nulls. Equal seeds give equal specs. One thread.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace support {

class RandomSpec {
 public:
  explicit RandomSpec(std::uint64_t seed) : random_(seed) {}

  // Returns a spec as JSON.
  std::string spec() {
    Members members = {{"enabled", "true"}};
    add(members, "localbuild", "true");
    add(members, "image", text({"registry:3", "registry", "h.test/r@sha256:" + hex(64)}));
    add(members, "port", std::to_string(1 + below(65535)));
    if (one_in(2)) members.push_back({"persistence", persistence()});
    add(members, "imagePullSecrets", list(2, [&] { return object({{"name", name("pull-")}}); }));
    if (one_in(2)) members.push_back({"resources", resources()});
    if (one_in(3)) members.push_back({"buildKitResources", resources()});
    if (one_in(3)) members.push_back({"nodeSelector", labels()});
    if (one_in(2)) members.push_back({"tolerations", list(3, [&] { return toleration(); })});
    if (one_in(2)) members.push_back({"affinity", affinity()});
    return object(members);
  }

  // Returns a quantity: "1500m", "0.00000000001", ".5", "3e-2", "1024Mi".
  std::string quantity() {
    std::string number = std::to_string(below(one_in(4) ? 100'000'000 : 2000));
    if (one_in(3)) number += "." + zeros(below(12)) + std::to_string(below(1000));
    if (one_in(12)) number = "." + zeros(below(12)) + std::to_string(1 + below(99));
    if (one_in(20)) number += number.find('.') == std::string::npos ? "." : "";
    static const std::vector<std::string> kSuffixes = {"",   "",   "m",  "m",   "u",    "n",
                                                       "k",  "M",  "G",  "Ki",  "Mi",   "Gi",
                                                       "Pi", "Ei", "e2", "E-2", "e-11", "e+3"};
    return number + kSuffixes[below(kSuffixes.size())];
  }

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool one_in(std::uint64_t odds) { return below(odds) == 0; }
  static std::string zeros(std::uint64_t count) { return std::string(count, '0'); }

  static std::string object(const Members& members) {
    std::string result;
    for (const auto& [key, value] : members) {
      result += fmt::format("{}\"{}\":{}", result.empty() ? "" : ",", key, value);
    }
    return "{" + result + "}";
  }

  std::string list(std::uint64_t max, const std::function<std::string()>& element) {
    std::string result;
    for (std::uint64_t left = below(max + 1); left > 0; --left) {
      result += (result.empty() ? "" : ",") + element();
    }
    return "[" + result + "]";
  }

  void add(Members& members, const std::string& key, std::string value) {
    if (one_in(3)) members.push_back({key, std::move(value)});
  }

  std::string text(const std::vector<std::string>& choices) {
    return '"' + choices[below(choices.size())] + '"';
  }
  std::string name(const std::string& prefix) {
    return fmt::format("\"{}{}\"", prefix, below(1'000'000));
  }
  std::string hex(std::size_t digits) {
    std::string result;
    while (result.size() < digits) result += "0123456789abcdef"[below(16)];
    return result;
  }
  std::string key() { return text({"disk", "topology.kubernetes.io/zone", "a.test/b", "kind"}); }

  std::string labels() {
    Members members;
    if (one_in(2)) members.push_back({"disk", text({"ssd", "", "hdd"})});
    if (one_in(2)) members.push_back({"kubernetes.io/arch", text({"amd64", "arm64"})});
    return object(members);
  }

  std::string persistence() {
    return fmt::format(R"({{"enabled":true,"size":"{}"}})",
                       one_in(2) ? "5Gi" : std::to_string(1 + below(2000)) + text_of_size());
  }
  std::string text_of_size() { return one_in(2) ? "Mi" : one_in(2) ? "M" : ".5Gi"; }

  // Returns random amounts by resource and sets `same` to them: limits and requests get equal
  // amounts, since a limit must not be less than a request. `both`: there are limits.
  std::string amounts(bool both, std::string& same) {
    Members members;
    for (const char* resource : {"cpu", "memory", "ephemeral-storage", "a.test/gpu"}) {
      if (!one_in(2)) continue;
      const bool whole = std::string_view(resource).find('/') != std::string_view::npos;
      if (whole && !both) continue;  // an extended resource needs a limit that equals the request
      members.push_back({resource, whole ? std::to_string(below(5)) : '"' + quantity() + '"'});
    }
    same = object(members);
    return same;
  }
  std::string resources() {
    std::string same;
    switch (below(4)) {
      case 0: return R"({"limits":{},"requests":{}})";
      case 1: return R"({"requests":)" + amounts(false, same) + "}";
      case 2: return R"({"limits":)" + amounts(true, same) + "}";
      default: {
        amounts(true, same);
        return R"({"limits":)" + same + R"(,"requests":)" + same + "}";
      }
    }
  }

  std::string toleration() {
    switch (below(5)) {
      case 0: return R"({"operator":"Exists"})";
      case 1: return R"({"operator":"Exists","key":"","value":"","effect":"NoSchedule"})";
      case 2:
        return object({{"key", key()},
                       {"effect", "\"NoExecute\""},
                       {"tolerationSeconds", std::to_string(below(3))}});
      case 3: return object({{"key", key()}, {"operator", "\"Equal\""}, {"value", "\"\""}});
      default: return object({{"key", key()}, {"value", text({"a", "b"})}});
    }
  }

  std::string requirement(bool of_node) {
    switch (below(of_node ? 4 : 3)) {
      case 0:
        return object({{"key", key()}, {"operator", "\"In\""}, {"values", R"(["a","","a"])"}});
      case 1: return object({{"key", key()}, {"operator", "\"Exists\""}, {"values", "[]"}});
      case 2: return object({{"key", key()}, {"operator", "\"DoesNotExist\""}});
      default: return object({{"key", key()}, {"operator", "\"Gt\""}, {"values", R"(["7"])"}});
    }
  }
  std::string requirements(bool of_node) {
    return list(2, [&] { return requirement(of_node); });
  }

  std::string selector() {
    Members members;
    if (one_in(2)) members.push_back({"matchLabels", labels()});
    if (one_in(2)) members.push_back({"matchExpressions", requirements(false)});
    return object(members);
  }

  std::string node_term() {
    Members members;
    if (!one_in(4)) members.push_back({"matchExpressions", requirements(true)});
    if (one_in(3)) {
      members.push_back(
          {"matchFields",
           one_in(2) ? "[]" : R"([{"key":"metadata.name","operator":"In","values":["n"]}])"});
    }
    return object(members);
  }
  std::string node_affinity() {
    Members members;
    if (one_in(2)) {
      members.push_back({"requiredDuringSchedulingIgnoredDuringExecution",
                         R"({"nodeSelectorTerms":[)" + node_term() + "]}"});
    }
    if (one_in(2)) {
      members.push_back({"preferredDuringSchedulingIgnoredDuringExecution", list(2, [&] {
                           return object({{"weight", std::to_string(1 + below(100))},
                                          {"preference", node_term()}});
                         })});
    }
    return object(members);
  }

  std::string pod_term() {
    Members members = {{"topologyKey", R"("kubernetes.io/hostname")"}};
    if (!one_in(3)) members.push_back({"labelSelector", selector()});
    if (one_in(3)) members.push_back({"namespaceSelector", selector()});
    if (one_in(3)) members.push_back({"namespaces", list(2, [&] { return name("team-"); })});
    if (one_in(6)) members.push_back({"matchLabelKeys", "[]"});
    return object(members);
  }
  std::string pod_affinity() {
    Members members;
    if (one_in(2)) {
      members.push_back(
          {"requiredDuringSchedulingIgnoredDuringExecution", list(2, [&] { return pod_term(); })});
    }
    if (one_in(2)) {
      members.push_back({"preferredDuringSchedulingIgnoredDuringExecution", list(2, [&] {
                           return object({{"weight", std::to_string(1 + below(100))},
                                          {"podAffinityTerm", pod_term()}});
                         })});
    }
    return object(members);
  }
  std::string affinity() {
    Members members;
    if (one_in(2)) members.push_back({"nodeAffinity", node_affinity()});
    if (one_in(2)) members.push_back({"podAffinity", pod_affinity()});
    if (one_in(2)) members.push_back({"podAntiAffinity", pod_affinity()});
    return object(members);
  }

  std::mt19937_64 random_;
};

}  // namespace support
