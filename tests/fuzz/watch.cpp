// Fuzz target for the body of a watch. The lines do not depend on how the bytes are cut into
// pieces, and neither does what the sieve keeps. An event that is written again is equal.
#include "api/local_registry.h"
#include "fuzz/property.h"
#include "json/raw.h"
#include "json/sieve/sieve.h"
#include "kube/decode.h"
#include "kube/status.h"
#include "kube/watch/watch_decoder.h"

namespace {

constexpr std::size_t kShortLine = 32;
constexpr std::string_view kTooLong = "\n";  // stands for a line that is too long
constexpr std::size_t kObjectBytes = 64;     // small, so that small inputs exceed it
constexpr std::size_t kKeptBytes = limits::kWatchLineBytes + (64 << 10);

using Lines = std::vector<std::string>;

// Returns the lines that the splitter must find.
Lines expected(std::string_view text, std::size_t max) {
  Lines lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (end > max) {
      lines.emplace_back(kTooLong);
    } else if (end > 0) {
      lines.emplace_back(text.substr(0, end));
    }
    text.remove_prefix(end + 1);
  }
  return lines;
}

Lines split(const std::vector<std::string_view>& pieces, std::size_t max) {
  kube::LineSplitter splitter(max);
  Lines lines;
  for (const std::string_view piece : pieces) {
    splitter.feed(piece);
    while (auto line = splitter.next()) lines.push_back(*line ? **line : std::string(kTooLong));
    fuzz::require(splitter.unfinished() <= max, "a line that is too long is not kept");
  }
  return lines;
}

std::string_view name(kube::WatchEventType type) {
  switch (type) {
    case kube::WatchEventType::kAdded: return "ADDED";
    case kube::WatchEventType::kModified: return "MODIFIED";
    case kube::WatchEventType::kDeleted: return "DELETED";
    case kube::WatchEventType::kBookmark: return "BOOKMARK";
    case kube::WatchEventType::kError: return "ERROR";
    case kube::WatchEventType::kPage: return "PAGE";
  }
  return "";
}

void check_event(const std::string& line) {
  const auto event = kube::WatchEvent::parse(line);
  if (!event) return;
  fuzz::require(event->object().kind() == json::Kind::kObject, "an event has an object");
  if (event->type() == kube::WatchEventType::kError) {
    kube::error_of_event(event->object(), "localregistries");
  }
  const std::string text = "{\"type\":\"" + std::string(name(event->type())) +
                           "\",\"object\":" + json::canonical(event->object()) + "}";
  const auto again = kube::WatchEvent::parse(text);
  fuzz::require(again.has_value(), "an event that is written again is one");
  fuzz::require(again->type() == event->type(), "its type stays");
  fuzz::require_same(again->resource_version(), event->resource_version(), "its version stays");
  fuzz::require(again->ends_initial_events() == event->ends_initial_events(), "its mark stays");
  const auto registry = json::decode<api::LocalRegistry>(event->object());
  if (!registry) return;
  const std::string encoded = api::encode_object(*registry);
  const auto decoded = json::parse<api::LocalRegistry>(encoded);
  fuzz::require(decoded.has_value(), "what was encoded can be decoded");
  fuzz::require_same(api::encode_object(*decoded), encoded, "decoded and encoded it is the same");
}

// Requires that the kept part of a body is bounded and does not depend on the pieces.
void check_sieve(std::string_view text, json::Sieve::Input input) {
  std::optional<std::string> expected;
  for (const auto& pieces : fuzz::ways_to_cut(text)) {
    json::Sieve sieve(json::shape_of<api::LocalRegistry>(), kObjectBytes, input);
    std::string kept;
    for (const std::string_view piece : pieces) {
      sieve.feed(piece, kept);
      fuzz::require(sieve.unfinished() <= kKeptBytes, "what is kept is bounded");
    }
    if (!expected) expected = kept;
    fuzz::require_same(kept, *expected, "what is kept does not depend on the pieces");
  }
}

// Requires that the kept part of a whole object decodes as the object, apart from labels and
// annotations.
void check_kept(const std::string& text) {
  const auto whole = json::parse<api::LocalRegistry>(text);
  if (!whole) return;
  const auto document = json::Document::parse(
      json::sift(text, json::shape_of<api::LocalRegistry>(), text.size() * 1000));
  // The sieve does not check what it leaves out, so it accepts some texts that are not JSON.
  if (!document) return;
  auto kept = kube::decode_object<api::LocalRegistry>(document->root());
  if (!kept || kept->metadata.completeness != json::Completeness::kComplete) return;
  kept->metadata.labels = whole->metadata.labels;
  kept->metadata.annotations = whole->metadata.annotations;
  fuzz::require_same(api::encode_object(*kept), api::encode_object(*whole), "nothing is lost");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  for (const std::size_t max : {kShortLine, limits::kWatchLineBytes}) {
    const Lines lines = expected(text, max);
    for (const auto& pieces : fuzz::ways_to_cut(text)) {
      fuzz::require(split(pieces, max) == lines, "the lines are those of the text");
    }
  }
  for (const std::string& line : expected(text, limits::kWatchLineBytes)) check_event(line);
  for (const auto input :
       {json::Sieve::Input::kOne, json::Sieve::Input::kLines, json::Sieve::Input::kPage}) {
    check_sieve(text, input);
  }
  check_kept(std::string(text));
  return 0;
}
