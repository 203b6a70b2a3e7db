#include "api/images/image_reference.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/limits.h"
#include "base/text/text.h"

namespace api {
namespace {

constexpr std::string_view kDockerHubLegacy = "index.docker.io";
constexpr std::string_view kOfficial = "library/";
constexpr std::size_t kMaxPathBytes = 255;
constexpr std::size_t kMaxTagBytes = 128;
constexpr std::size_t kIdentifierBytes = 64;

struct Algorithm {
  std::string_view prefix;
  std::size_t digits;
};

// The accepted digest algorithms. Docker's grammar allows others, but no client supports them.
constexpr std::array<Algorithm, 3> kAlgorithms = {
    {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}}};

using base::all_parts;
using base::invalid;
using base::is_alphanumeric;
using base::is_digit;
using base::is_lower;
using base::is_lower_hex;
using base::is_upper;

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         all_of(label,
                [](char character) { return is_alphanumeric(character) || character == '-'; });
}

// Returns true for hexadecimal digits and colons in brackets. Docker allows no zone and no IPv4
// suffix.
bool is_ipv6_literal(std::string_view host) {
  if (host.size() < 3 || host.front() != '[' || host.back() != ']') return false;
  return all_of(host.substr(1, host.size() - 2), [](char character) {
    return is_lower_hex(character) || (character >= 'A' && character <= 'F') || character == ':';
  });
}

bool is_domain(std::string_view domain) {
  const std::size_t bracket = domain.rfind(']');
  const std::size_t colon = domain.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const std::string_view port = domain.substr(colon + 1);
    if (port.empty() || !all_of(port, is_digit)) return false;
  }
  const std::string_view host = domain.substr(0, colon);
  return is_ipv6_literal(host) || all_parts(host, '.', is_host_label);
}

// A path component consists of runs of lower-case letters and digits. A dot, one or two
// underscores, or any number of dashes joins two runs.
bool is_path_component(std::string_view component) {
  std::size_t at = 0;
  while (true) {
    const std::size_t word = at;
    while (at < component.size() && (is_digit(component[at]) || is_lower(component[at]))) ++at;
    if (at == word) return false;
    if (at == component.size()) return true;
    const char separator = component[at];
    const std::size_t begin = at;
    while (at < component.size() && component[at] == separator) ++at;
    const std::size_t length = at - begin;
    const bool joins =
        separator == '-' || (separator == '.' && length == 1) || (separator == '_' && length <= 2);
    if (!joins) return false;
  }
}

bool is_path(std::string_view path) { return all_parts(path, '/', is_path_component); }

bool is_tag(std::string_view tag) {
  return !tag.empty() && tag.front() != '.' && tag.front() != '-' &&
         all_of(tag, [](char character) {
           return is_alphanumeric(character) || character == '_' || character == '.' ||
                  character == '-';
         });
}

struct Split {
  std::string_view domain;
  std::string path;                        // as written, with "library/" where Docker adds it
  std::optional<std::string_view> tag;     // without its ':'
  std::optional<std::string_view> digest;  // without its '@'
};

// Returns the domain and the rest of the text. The first segment is the domain if it cannot be part
// of a name on Docker Hub; otherwise the domain is docker.io.
std::pair<std::string_view, std::string_view> split_domain(std::string_view text) {
  if (!has_host(text)) return {kDockerHub, text};
  const std::size_t slash = text.find('/');
  const std::string_view first = text.substr(0, slash);
  return {first == kDockerHubLegacy ? kDockerHub : first, text.substr(slash + 1)};
}

Split split(std::string_view text) {
  auto [domain, rest] = split_domain(text);
  const bool official = domain == kDockerHub && rest.find('/') == std::string_view::npos;
  Split parts;
  parts.domain = domain;
  const std::size_t end = rest.find_first_of(":@");
  parts.path = std::string(official ? kOfficial : "") + std::string(rest.substr(0, end));
  if (end == std::string_view::npos) return parts;
  const std::size_t at = rest.find('@', end);
  if (rest[end] == ':') parts.tag = rest.substr(end + 1, at - end - 1);
  if (at != std::string_view::npos) parts.digest = rest.substr(at + 1);
  return parts;
}

std::optional<base::Error> refusal_of_path(std::string_view path) {
  if (path.empty()) return invalid("the image reference has no repository name");
  if (std::any_of(path.begin(), path.end(), is_upper)) {
    return invalid("a repository name must be lower case");
  }
  if (!is_path(path)) {
    return invalid(
        "a repository name must consist of lower case letters and digits, with '.', '_', '__' or "
        "dashes only between them, and '/' between its parts");
  }
  return std::nullopt;
}

std::optional<base::Error> refusal_of_tag(std::string_view tag) {
  if (tag.size() > kMaxTagBytes) {
    return invalid(fmt::format("a tag must have at most {} characters", kMaxTagBytes));
  }
  if (!is_tag(tag)) {
    return invalid(
        "a tag must consist of letters, digits, '_', '.' and '-', and must not begin with '.' or "
        "'-'");
  }
  return std::nullopt;
}

std::optional<base::Error> refusal_of_digest(std::string_view digest) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (!digest.starts_with(algorithm.prefix)) continue;
    const std::string_view digits = digest.substr(algorithm.prefix.size());
    if (digits.size() == algorithm.digits && all_of(digits, is_lower_hex)) return std::nullopt;
    return invalid(
        fmt::format("a digest that begins with {} must have {} lower case hexadecimal digits",
                    algorithm.prefix, algorithm.digits));
  }
  return invalid("a digest must begin with sha256:, sha384: or sha512:");
}

}  // namespace

base::Result<ImageReference> parse_image_reference(std::string_view text) {
  if (text.empty()) return invalid("the image reference is empty");
  if (text.size() > limits::kImageReferenceBytes) {
    return invalid(
        fmt::format("the image reference has more than {} bytes", limits::kImageReferenceBytes));
  }
  if (text.size() == kIdentifierBytes && all_of(text, is_lower_hex)) {
    return invalid("64 hexadecimal digits are an image's ID, not its name");
  }
  Split parts = split(text);
  if (auto refusal = refusal_of_path(parts.path)) return *std::move(refusal);
  ImageReference reference;
  if (is_domain(parts.domain)) {
    reference.domain = parts.domain;
    reference.path = std::move(parts.path);
  } else if (is_path_component(parts.domain)) {
    reference.path = std::string(parts.domain) + '/' + parts.path;
  } else {
    return invalid(
        "the part before the first '/' is neither a valid host nor a valid part of a repository "
        "name");
  }
  if (reference.path.size() > kMaxPathBytes) {
    return invalid(fmt::format("a repository name must have at most {} characters", kMaxPathBytes));
  }
  if (parts.tag) {
    if (auto refusal = refusal_of_tag(*parts.tag)) return *std::move(refusal);
    reference.tag = *parts.tag;
  }
  if (parts.digest) {
    if (auto refusal = refusal_of_digest(*parts.digest)) return *std::move(refusal);
    reference.digest = *parts.digest;
  }
  return reference;
}

bool has_host(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view first = text.substr(0, slash);
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), is_upper);
}

std::string repository(const ImageReference& reference) {
  return reference.domain.empty() ? reference.path : reference.domain + '/' + reference.path;
}

std::string to_string(const ImageReference& reference) {
  std::string text = repository(reference);
  if (!reference.tag.empty()) text += ':' + reference.tag;
  if (!reference.digest.empty()) text += '@' + reference.digest;
  return text;
}

}  // namespace api
