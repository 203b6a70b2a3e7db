#include "api/error_texts.h"

#include <algorithm>
#include <array>

namespace api {
namespace {

// Phrases in the messages of the admission plugin ResourceQuota.
constexpr std::array<std::string_view, 4> kQuotaMessages = {
    "exceeded quota", "failed quota", "insufficient quota", "status unknown for quota"};

bool contains(std::string_view message, std::string_view text) {
  return message.find(text) != std::string_view::npos;
}

}  // namespace

AdmissionRefusal admission_refusal_in(std::string_view message) {
  const bool is_quota =
      std::any_of(kQuotaMessages.begin(), kQuotaMessages.end(),
                  [&](std::string_view quota) { return contains(message, quota); });
  if (is_quota) return AdmissionRefusal::kQuota;
  if (contains(message, "violates PodSecurity")) return AdmissionRefusal::kPodSecurity;
  return contains(message, "forbidden") ? AdmissionRefusal::kOther : AdmissionRefusal::kNone;
}

bool is_refused_by_admission(std::string_view message) {
  const std::size_t forbidden = message.find("\" is forbidden: ");
  if (forbidden != std::string_view::npos && forbidden < message.find("\" is invalid: ")) {
    return true;
  }
  return message.starts_with("admission webhook \"") && contains(message, "denied the request");
}

bool is_duplicate_node_port(std::string_view message) {
  return message.starts_with("duplicate nodePort");
}

bool is_node_port_allocated(std::string_view message) {
  return contains(message, "provided port is already allocated");
}

bool is_node_port_out_of_range(std::string_view message) {
  return contains(message, "valid range");
}

}  // namespace api
