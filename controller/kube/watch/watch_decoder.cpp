#include "kube/watch/watch_decoder.h"

#include <fmt/core.h>

#include <utility>

#include "api/meta.h"
#include "json/fields.h"

namespace kube {
namespace {

using base::malformed;

constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

// This metadata is read from an object of any type.
struct EventMeta {
  std::string resource_version;
  api::StringMap annotations;
};

struct EventObject {
  EventMeta metadata;
};

std::optional<WatchEventType> parse_type(std::string_view text) {
  if (text == "ADDED") return WatchEventType::kAdded;
  if (text == "MODIFIED") return WatchEventType::kModified;
  if (text == "DELETED") return WatchEventType::kDeleted;
  if (text == "BOOKMARK") return WatchEventType::kBookmark;
  if (text == "ERROR") return WatchEventType::kError;
  if (text == "PAGE") return WatchEventType::kPage;
  return std::nullopt;
}

}  // namespace
}  // namespace kube

template <>
struct json::Fields<kube::EventMeta> {
  using T = kube::EventMeta;
  static constexpr auto kTable =
      std::make_tuple(json::field("resourceVersion", &T::resource_version),
                      json::field("annotations", &T::annotations));
};

template <>
struct json::Fields<kube::EventObject> {
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &kube::EventObject::metadata));
};

namespace kube {

void LineSplitter::feed(std::string_view bytes) {
  if (taken_ > 0) {
    buffer_.erase(0, taken_);
    scanned_ -= taken_;
    taken_ = 0;
  }
  buffer_ += bytes;
}

std::optional<base::Result<std::string>> LineSplitter::next() {
  while (true) {
    const std::size_t end = buffer_.find('\n', scanned_);
    const bool ended = end != std::string::npos;
    const std::size_t length = (ended ? end : buffer_.size()) - taken_;
    if (length > max_) dropping_ = true;
    if (!ended) {
      if (dropping_) buffer_.resize(taken_);  // the bytes of a dropped line take no memory
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    std::string line = dropping_ ? std::string() : buffer_.substr(taken_, length);
    taken_ = scanned_ = end + 1;
    if (std::exchange(dropping_, false)) {
      return base::Error{
          base::ErrorCode::kTooLarge,
          fmt::format("the API server sent a watch event of more than {} bytes", max_)};
    }
    if (!line.empty()) return line;
  }
}

base::Result<WatchEvent> WatchEvent::parse(std::string line) {
  base::Result<json::Document> document =
      json::Document::parse(std::move(line), {.managed_fields = false});
  if (!document) return document.error();
  const std::optional<json::View> type = document->root().find("type");
  const std::optional<json::View> object = document->root().find("object");
  if (!type || type->kind() != json::Kind::kString || !object ||
      object->kind() != json::Kind::kObject) {
    return malformed("the API server sent a line that is not a watch event");
  }
  const std::optional<WatchEventType> known = parse_type(type->string());
  if (!known) return malformed("the API server sent a watch event of an unknown type");
  return WatchEvent(*std::move(document), *known);
}

json::View WatchEvent::object() const { return *document_.root().find("object"); }

std::string WatchEvent::resource_version() const {
  base::Result<EventObject> read = json::decode<EventObject>(object());
  return read ? std::move(read->metadata.resource_version) : std::string();
}

bool WatchEvent::ends_initial_events() const {
  if (type_ != WatchEventType::kBookmark) return false;
  const base::Result<EventObject> bookmark = json::decode<EventObject>(object());
  return bookmark && api::lookup(bookmark->metadata.annotations, kInitialEventsEnd) == "true";
}

}  // namespace kube
