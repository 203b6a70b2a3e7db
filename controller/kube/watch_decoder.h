// The body of a watch, as it comes off the wire, into events. Pure; any thread.
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

// Cuts bytes into lines, one event each. A line over limits::kWatchLineBytes is dropped to its end.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t most = limits::kWatchLineBytes) : most_(most) {}

  void feed(std::string_view bytes);

  // The next whole line without its end; kTooLarge once for each that was dropped; nothing until
  // more bytes come. Empty lines are left out.
  std::optional<base::Result<std::string>> next();

  // Bytes of a line whose end has not come.
  std::size_t unfinished() const { return buffer_.size() - taken_; }

 private:
  std::size_t most_;
  std::string buffer_;
  std::size_t taken_ = 0;    // bytes of buffer_ that were given out
  std::size_t scanned_ = 0;  // bytes of buffer_ known to hold no end of line
  bool dropping_ = false;    // until the end of a line that is too long
};

enum class WatchEventType {
  kAdded,
  kModified,
  kDeleted,
  kBookmark,
  kError,
  kPage,  // the end of one page of a list: {"metadata": the list's}. From a json::Sieve alone
};

// One event. object is valid while the event lives.
class WatchEvent {
 public:
  // kMalformed for what is no event, or one of an unknown type.
  static base::Result<WatchEvent> parse(std::string line);

  WatchEventType type() const { return type_; }
  json::View object() const;  // of kError: a metav1.Status

  // metadata.resourceVersion of the object; empty when it has none.
  std::string resource_version() const;

  // Of a bookmark: the list that send_initial_events asked for is complete.
  bool ends_initial_events() const;

 private:
  WatchEvent(json::Document document, WatchEventType type)
      : document_(std::move(document)), type_(type) {}

  json::Document document_;
  WatchEventType type_;
};

}  // namespace kube
