// This file splits the body of a watch into lines and decodes them as events. It does no I/O and
// can be used on any thread.
// Source:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/limits.h"
#include "json/value.h"

namespace kube {

// A LineSplitter cuts bytes into lines, one event each. It drops a line of more than `max` bytes.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max = limits::kWatchLineBytes) : max_(max) {}

  void feed(std::string_view bytes);

  // Returns the next whole line without its line break, and skips empty lines. kTooLarge: a line
  // was dropped. Returns nothing when more bytes are needed.
  std::optional<base::Result<std::string>> next();

  // Returns how many bytes of the last, incomplete line are buffered.
  std::size_t unfinished() const { return buffer_.size() - taken_; }

 private:
  std::size_t max_;
  std::string buffer_;
  std::size_t taken_ = 0;    // bytes of buffer_ that next() has returned or dropped
  std::size_t scanned_ = 0;  // the next end of line is not before this position in buffer_
  bool dropping_ = false;    // the current line is too long; drop bytes until its end
};

enum class WatchEventType {
  kAdded,
  kModified,
  kDeleted,
  kBookmark,
  kError,
  kPage,  // the end of a page of a list, {"metadata":…}. Produced only by json::Sieve
};

// A WatchEvent is one event of a watch. The View from object() is valid while the event lives.
class WatchEvent {
 public:
  // Decodes a line. kMalformed: it is not an event, or an event of an unknown type.
  static base::Result<WatchEvent> parse(std::string line);

  WatchEventType type() const { return type_; }
  json::View object() const;  // in a kError event, the object is a metav1.Status

  // Returns metadata.resourceVersion of the object; empty when it has none.
  std::string resource_version() const;

  // Returns true for the bookmark that completes the list requested by send_initial_events.
  bool ends_initial_events() const;

 private:
  WatchEvent(json::Document document, WatchEventType type)
      : document_(std::move(document)), type_(type) {}

  json::Document document_;
  WatchEventType type_;
};

}  // namespace kube
