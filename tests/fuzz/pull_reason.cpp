// Fuzz target for the messages of failed pulls. The first line of the input is the reason of the
// kubelet, the rest is its message. Every message has a reason with an explanation, and the
// explanation is one short line without the credentials of a URL.
#include "reconcile/pull/pull_reason.h"

#include "fuzz/property.h"

namespace {

constexpr std::uint16_t kPort = 32014;
constexpr std::string_view kSecret = "hunter2";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::string_view waiting = text.substr(0, text.find('\n'));
  const std::string_view message = text.substr(std::min(waiting.size() + 1, text.size()));
  const auto found = reconcile::classify_pull_failure(waiting, message, kPort);
  fuzz::require(!found.reason.empty(), "each message has a reason");
  fuzz::require(found == reconcile::classify_pull_failure(waiting, message, kPort),
                "the reason depends on nothing else");
  const std::string explanation = reconcile::describe_pull_failure(found.reason, message, kPort);
  fuzz::require_short_line(explanation);
  fuzz::require(
      explanation.find("{}") == std::string::npos || message.find("{}") != std::string_view::npos,
      "no port is missing");
  fuzz::require_short_line(reconcile::describe_pull_failure(waiting, message, kPort));
  if (message.find(kSecret) != std::string_view::npos) return 0;
  const std::string with_password =
      "Get \"https://user:" + std::string(kSecret) + "@example.com/\": " + std::string(message);
  fuzz::require(
      reconcile::describe_pull_failure(found.reason, with_password, kPort).find(kSecret) ==
          std::string::npos,
      "a password is in no explanation");
  return 0;
}
