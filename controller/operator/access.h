// The RBAC rules that the operator needs in each namespace that it watches, derived from the child
// table. The chart includes them as files/rules.yaml, and the manifests come from the chart;
// access_test.cpp checks that file against access_rules(). The functions are pure and can be called
// on any thread.
#pragma once

#include <string>
#include <vector>

namespace controller {

// One rule of a Role or ClusterRole.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-v1/
struct AccessRule {
  std::string api_group;
  std::vector<std::string> resources;
  std::vector<std::string> verbs;
  std::string comment = {};  // one line, for the reader of the chart
};

// Returns the rules. Children with the same API group share one rule.
std::vector<AccessRule> access_rules();

// Returns the rules as the YAML of `rules:` in a Role.
std::string to_yaml(const std::vector<AccessRule>& rules);

}  // namespace controller
