#include "sim/target.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace sim {
namespace {

constexpr std::string_view kGroups[] = {"/api/v1/",
                                        "/apis/apps/v1/",
                                        "/apis/events.k8s.io/v1/",
                                        "/apis/coordination.k8s.io/v1/",
                                        "/apis/admissionregistration.k8s.io/v1/",
                                        "/apis/localregistry.dev/v1alpha1/"};

int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const int lower = std::tolower(static_cast<unsigned char>(digit));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 0;
}

std::string decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      result += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Splits the text at commas outside parentheses.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    const std::string_view term = trim(text.substr(begin, i - begin));
    if (!term.empty()) terms.push_back(term);
    begin = i + 1;
  }
  return terms;
}

}  // namespace

std::string_view Target::parameter(std::string_view wanted) const {
  for (const auto& [key, value] : query) {
    if (key == wanted) return value;
  }
  return {};
}

bool Target::has(std::string_view wanted) const {
  return std::any_of(query.begin(), query.end(),
                     [wanted](const auto& one) { return one.first == wanted; });
}

bool is_known_group(std::string_view target) {
  return std::any_of(std::begin(kGroups), std::end(kGroups),
                     [target](std::string_view group) { return target.starts_with(group); });
}

std::optional<Target> parse_target(std::string_view text) {
  Target target;
  const std::size_t mark = text.find('?');
  if (mark != std::string_view::npos) {
    for (const std::string& one : split(text.substr(mark + 1), '&')) {
      const std::size_t equals = one.find('=');
      target.query.emplace_back(
          decode(std::string_view(one).substr(0, equals)),
          equals == std::string::npos ? "" : decode(std::string_view(one).substr(equals + 1)));
    }
  }
  std::vector<std::string> path = split(text.substr(0, mark), '/');
  for (std::string& part : path) part = decode(part);
  std::size_t at = 1;
  const auto next = [&] { return at < path.size() ? path[at++] : std::string(); };
  const std::string root = next();
  if (root != "api" && root != "apis") return std::nullopt;
  const std::string group = root == "api" ? std::string() : next();
  const std::string version = next();
  if (at + 1 < path.size() && path[at] == "namespaces" && at + 2 < path.size() &&
      path[at + 2] != "status" && path[at + 2] != "finalize") {
    ++at;
    target.namespace_name = next();
  }
  target.resource = find_resource(group, version, next());
  if (target.resource == nullptr) return std::nullopt;
  target.name = next();
  target.subresource = next();
  const bool special =
      (target.subresource == "finalize" && target.resource->plural == "namespaces") ||
      (target.subresource == "binding" && target.resource->plural == "pods");
  if (at < path.size() || (!target.subresource.empty() && !special &&
                           (target.subresource != "status" || !target.resource->has_status))) {
    return std::nullopt;
  }
  if (target.resource->plural == "namespaces") target.namespace_name.clear();
  return target;
}

std::optional<Selector::Term> Selector::term(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open != std::string_view::npos) {
    if (text.back() != ')') return std::nullopt;
    const std::string_view head = trim(text.substr(0, open));
    const std::size_t space = head.rfind(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const std::string_view word = head.substr(space + 1);
    if (word != "in" && word != "notin") return std::nullopt;
    Term term{std::string(trim(head.substr(0, space))),
              word == "in" ? Operation::kIn : Operation::kNotIn,
              {}};
    for (const std::string& value : split(text.substr(open + 1, text.size() - open - 2), ',')) {
      term.values.emplace_back(trim(value));
    }
    return term;
  }
  if (text.front() == '!') return Term{std::string(trim(text.substr(1))), Operation::kAbsent, {}};
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return Term{std::string(text), Operation::kExists, {}};
  const bool differs = equals > 0 && text[equals - 1] == '!';
  std::string_view value = text.substr(equals + 1);
  if (value.starts_with('=')) value.remove_prefix(1);
  return Term{std::string(trim(text.substr(0, differs ? equals - 1 : equals))),
              differs ? Operation::kDiffers : Operation::kEquals,
              {std::string(trim(value))}};
}

std::optional<Selector> Selector::labels(std::string_view text) {
  Selector selector;
  for (const std::string_view one : split_terms(text)) {
    std::optional<Term> read = term(one);
    if (!read || read->key.empty()) return std::nullopt;
    selector.terms_.push_back(*std::move(read));
  }
  return selector;
}

std::optional<Selector> Selector::fields(std::string_view text) {
  std::optional<Selector> selector = labels(text);
  if (selector) selector->labels_ = false;
  return selector;
}

std::optional<std::string> Selector::value_of(const Value& object, const std::string& key,
                                              bool labels) {
  const Value* found = &object;
  if (labels) {
    found = find(object, {"metadata", "labels", key});
  } else {
    for (const std::string& part : split(key, '.')) {
      if (found != nullptr) found = find(*found, part);
    }
    if (found == nullptr) return std::string();
  }
  if (found == nullptr) return std::nullopt;
  return found->IsString() ? std::string(as_text(*found)) : write(*found);
}

bool Selector::matches(const Value& object) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    const std::optional<std::string> value = value_of(object, term.key, labels_);
    const bool listed =
        value && std::find(term.values.begin(), term.values.end(), *value) != term.values.end();
    switch (term.operation) {
      case Operation::kEquals:
      case Operation::kIn: return listed;
      case Operation::kDiffers:
      case Operation::kNotIn: return !listed;
      case Operation::kExists: return value.has_value();
      default: return !value.has_value();
    }
  });
}

}  // namespace sim
