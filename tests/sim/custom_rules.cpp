// This file implements the CEL rules of the CRD, because the simulation has no CEL interpreter. A
// rule is recognised by its text. An unknown rule counts as satisfied, so a new rule of the CRD
// needs a check here.
#include <map>
#include <regex>

#include "sim/typed.h"
#include "sim/validation.h"

namespace sim {
namespace {

bool is_true(const Value* value) { return value != nullptr && value->IsBool() && value->GetBool(); }

std::string text_of(const Value& value) {
  return value.IsString() ? std::string(as_text(value)) : write(value);
}

std::size_t size_at(const Value& self, std::string_view name) {
  const Value* found = find(self, name);
  return found != nullptr && found->IsArray() ? found->Size() : 0;
}

const Pattern& pattern_of(const std::string& text) {
  static std::map<std::string, Pattern> patterns;
  const auto found = patterns.find(text);
  return found != patterns.end() ? found->second
                                 : patterns.emplace(text, Pattern(text)).first->second;
}

// Returns the pattern of a rule "self.matches(r'…')"; nullopt for another rule.
std::optional<std::string> only_pattern(const std::string& rule) {
  constexpr std::string_view kBegin = "self.matches(r'";
  if (!rule.starts_with(kBegin) || !rule.ends_with("')")) return std::nullopt;
  std::string pattern = rule.substr(kBegin.size(), rule.size() - kBegin.size() - 2);
  return pattern.find('\'') == std::string::npos ? std::optional(pattern) : std::nullopt;
}

bool is_resource_name(std::string_view name) {
  static const Pattern qualified("^[a-z0-9][-a-z0-9.]*/[A-Za-z0-9][-A-Za-z0-9_.]*$");
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" ||
         name.starts_with("hugepages-") || qualified.matches(name);
}

bool is_label(std::string_view name) {
  static const Pattern label(
      "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$");
  return name.size() <= 317 && label.matches(name);
}

// Returns the first key, in the order of keys, that is not such a name; nullopt if all are.
std::optional<std::string> first_wrong(const Value& self, bool (*is_right)(std::string_view)) {
  std::optional<std::string> wrong;
  for (auto one = self.MemberBegin(); one != self.MemberEnd(); ++one) {
    const std::string_view name = as_text(one->name);
    if (!is_right(name) && (!wrong || name < *wrong)) wrong = std::string(name);
  }
  return wrong;
}

bool requests_within_limits(const Value& self) {
  const Value* requests = find(self, "requests");
  const Value* limits = find(self, "limits");
  if (requests == nullptr || limits == nullptr) return true;
  for (auto one = requests->MemberBegin(); one != requests->MemberEnd(); ++one) {
    const Value* limit = find(*limits, as_text(one->name));
    if (limit != nullptr && compare_quantities(text_of(one->value), text_of(*limit)) > 0) {
      return false;
    }
  }
  return true;
}

using Check = bool (*)(const Value&);

// Each check with the text that its rule begins with.
constexpr std::pair<std::string_view, Check> kChecks[] = {
    {"!self.?persistence.?enabled.orValue(false) || self.name.size() <= 52",
     [](const Value& self) {
       return !is_true(find(self, {"persistence", "enabled"})) ||
              text_at(self, {"name"}).size() <= 52;
     }},
    {"isQuantity(string(self))",
     [](const Value& self) { return canonical_quantity(text_of(self)).has_value(); }},
    {"!isQuantity(string(self)) ||",
     [](const Value& self) {
       return !canonical_quantity(text_of(self)) || compare_quantities(text_of(self), "0") > 0;
     }},
    {"!has(self.requests) || !has(self.limits) ||", requests_within_limits},
    {"!self.exists(k, !(k in ['cpu', 'memory', 'ephemeral-storage'] ||",
     [](const Value& self) { return !first_wrong(self, is_resource_name); }},
    {"!self.exists(k, k.size() > 317 ||",
     [](const Value& self) { return !first_wrong(self, is_label); }},
    {"(has(self.key) && self.key != '') ||",
     [](const Value& self) {
       return !text_at(self, {"key"}).empty() || text_at(self, {"operator"}) == "Exists";
     }},
    {"!has(self.operator) || self.operator != 'Exists' ||",
     [](const Value& self) {
       return text_at(self, {"operator"}) != "Exists" || text_at(self, {"value"}).empty();
     }},
    {"!has(self.tolerationSeconds) ||",
     [](const Value& self) {
       return find(self, "tolerationSeconds") == nullptr ||
              text_at(self, {"effect"}) == "NoExecute";
     }},
    {"self.operator in ['In', 'NotIn'] ?",
     [](const Value& self) {
       const std::string_view is = text_at(self, {"operator"});
       return (is != "In" && is != "NotIn") || size_at(self, "values") > 0;
     }},
    {"self.operator in ['Exists', 'DoesNotExist'] ?",
     [](const Value& self) {
       const std::string_view is = text_at(self, {"operator"});
       return (is != "Exists" && is != "DoesNotExist") || size_at(self, "values") == 0;
     }},
    {"self.operator in ['Gt', 'Lt'] ?", [](const Value& self) {
       const std::string_view is = text_at(self, {"operator"});
       return (is != "Gt" && is != "Lt") || size_at(self, "values") == 1;
     }}};

}  // namespace

std::optional<bool> holds(const CustomRule& rule, const Value& self) {
  if (const std::optional<std::string> pattern = only_pattern(rule.rule)) {
    return pattern_of(*pattern).matches(as_text(self));
  }
  for (const auto& [beginning, check] : kChecks) {
    if (rule.rule.starts_with(beginning)) return check(self);
  }
  return std::nullopt;
}

std::string message_of(const CustomRule& rule, const Value& self) {
  if (!rule.has_message_expression) return {};
  if (const auto wrong = first_wrong(self, is_resource_name);
      wrong && rule.rule.starts_with("!self.exists(k, !(k in")) {
    return "'" + *wrong +
           "' is not the name of a resource: use cpu, memory, ephemeral-storage, "
           "hugepages-<size> or <domain>/<name>";
  }
  if (const auto wrong = first_wrong(self, is_label);
      wrong && rule.rule.starts_with("!self.exists(k, k.size()")) {
    return "'" + *wrong + "' is not a label key: use [<domain>/]<name>, such as kubernetes.io/arch";
  }
  return {};
}

}  // namespace sim
