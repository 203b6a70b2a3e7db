#include "operator/access.h"

#include <fmt/format.h>

#include <algorithm>

#include "reconcile/children/child_table.h"

namespace controller {
namespace {

template <class T>
AccessRule rule_for(const std::string& subresource, std::vector<std::string> verbs) {
  const api::ResourceType& type = api::Resource<T>::kType;
  return {std::string(type.group), {std::string(type.plural) + subresource}, std::move(verbs)};
}

void add_children(std::vector<AccessRule>& rules) {
  const std::size_t first = rules.size();
  reconcile::for_each_row([&](auto row) {
    AccessRule added = rule_for<reconcile::ObjectOf<decltype(row)>>(
        "", {"get", "list", "watch", "create", "patch", "delete"});
    const auto known =
        std::find_if(rules.begin() + static_cast<std::ptrdiff_t>(first), rules.end(),
                     [&](const AccessRule& rule) { return rule.api_group == added.api_group; });
    if (known == rules.end()) {
      rules.push_back(std::move(added));
    } else if (std::find(known->resources.begin(), known->resources.end(),
                         added.resources.front()) == known->resources.end()) {
      known->resources.push_back(std::move(added.resources.front()));
    }
  });
}

}  // namespace

std::vector<AccessRule> access_rules() {
  std::vector<AccessRule> rules = {
      rule_for<api::LocalRegistry>("", {"get", "list", "watch", "patch"}),
      rule_for<api::LocalRegistry>("/status", {"get", "patch"}),
      rule_for<api::LocalRegistry>("/finalizers", {"update"})};
  rules.back().comment =
      "Needed where the admission plugin OwnerReferencesPermissionEnforcement is enabled.";
  add_children(rules);
  rules.push_back(rule_for<api::Pod>("", {"get", "list", "watch"}));
  rules.push_back({"events.k8s.io", {"events"}, {"create", "list", "patch"}});
  return rules;
}

std::string to_yaml(const std::vector<AccessRule>& rules) {
  std::string text;
  for (const AccessRule& rule : rules) {
    if (!rule.comment.empty()) text += fmt::format("# {}\n", rule.comment);
    text += fmt::format("- apiGroups: [{}]\n  resources: [{}]\n  verbs: [{}]\n",
                        rule.api_group.empty() ? "''" : rule.api_group,
                        fmt::join(rule.resources, ", "), fmt::join(rule.verbs, ", "));
  }
  return text;
}

}  // namespace controller
