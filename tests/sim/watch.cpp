// This file implements watches: the initial state and then the later events, as a selector sees
// them.
#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "sim/state.h"

namespace sim {
namespace {

using Line = std::shared_ptr<const std::string>;

std::string event_line(std::string_view type, std::string_view object) {
  return fmt::format(R"({{"type":"{}","object":{}}})", type, object);
}

// The objects that a watch selects.
struct Filter {
  std::string namespace_name;
  Selector labels;
  Selector fields;

  bool matches(const Stored& stored) const {
    if (!stored.object) return false;
    if (!namespace_name.empty() && stored.object->key.namespace_name != namespace_name) {
      return false;
    }
    return labels.matches(stored.content->value) && fields.matches(stored.content->value);
  }
};

class LiveWatch final : public Watch {
 public:
  LiveWatch(Collection& collection, Filter filter, Revision from)
      : collection_(&collection), filter_(std::move(filter)), seen_(from) {
    const auto later = std::upper_bound(
        collection.events.begin(), collection.events.end(), from,
        [](Revision revision, const StoredEvent& event) { return revision < event.revision; });
    next_ = collection.dropped + static_cast<std::uint64_t>(later - collection.events.begin());
  }

  // Adds the initial events and, if requested, the bookmark that closes them.
  void begin_with(Revision at, bool with_bookmark) {
    for (const auto& [key, stored] : state_at(*collection_, at)) {
      if (!filter_.matches(stored)) continue;
      initial_.push_back(
          std::make_shared<const std::string>(event_line("ADDED", stored.object->text)));
    }
    if (with_bookmark) {
      initial_.push_back(std::make_shared<const std::string>(
          bookmark_line(at, R"(,"annotations":{"k8s.io/initial-events-end":"true"})")));
    }
  }

  Line next(Revision up_to) override {
    if (over_) return nullptr;
    if (!initial_.empty()) {
      Line line = std::move(initial_.front());
      initial_.pop_front();
      return line;
    }
    if (next_ < collection_->dropped) return fail();
    while (next_ - collection_->dropped < collection_->events.size()) {
      StoredEvent& event = collection_->events[next_ - collection_->dropped];
      if (event.revision > up_to) return nullptr;
      ++next_;
      seen_ = event.revision;
      if (Line line = line_of(event)) return line;
    }
    return nullptr;
  }

  std::string bookmark(Revision up_to) override {
    seen_ = std::max(seen_, up_to);
    return bookmark_line(seen_, "");
  }

 private:
  Line line_of(StoredEvent& event) {
    const bool was = filter_.matches(event.before);
    const bool is = filter_.matches(event.after);
    if (!was && !is) return nullptr;
    Line& line = !was ? event.added : (is ? event.modified : event.deleted);
    if (line) return line;
    const Resource& resource = *collection_->resource;
    if (is) {
      line = std::make_shared<const std::string>(
          event_line(was ? "MODIFIED" : "ADDED", event.after.object->text));
    } else {
      line = std::make_shared<const std::string>(event_line(
          "DELETED", text_of(resource, *event.before.content, std::to_string(event.revision))));
    }
    return line;
  }

  Line fail() {
    over_ = true;
    return std::make_shared<const std::string>(event_line(
        "ERROR", expired(fmt::format("too old resource version: {} ({})", seen_, seen_ + 1)).body));
  }

  std::string bookmark_line(Revision revision, std::string_view more) const {
    const Resource& resource = *collection_->resource;
    return event_line("BOOKMARK",
                      fmt::format(R"({{"kind":"{}","apiVersion":"{}","metadata":)"
                                  R"({{"resourceVersion":"{}"{}}}}})",
                                  resource.kind, resource.api_version(), revision, more));
  }

  Collection* collection_;
  Filter filter_;
  Revision seen_;
  std::uint64_t next_;  // index of the next event, counted from the first one ever
  std::deque<Line> initial_;
  bool over_ = false;
};

// A watch whose first event reports that the requested revision has been compacted.
class ExpiredWatch final : public Watch {
 public:
  ExpiredWatch(Revision asked, Revision oldest) : asked_(asked), oldest_(oldest) {}

  Line next(Revision) override {
    if (std::exchange(told_, true)) return nullptr;
    return std::make_shared<const std::string>(event_line(
        "ERROR", expired(fmt::format("too old resource version: {} ({})", asked_, oldest_)).body));
  }
  std::string bookmark(Revision) override { return {}; }

 private:
  Revision asked_;
  Revision oldest_;
  bool told_ = false;
};

OpenedWatch refused(kube::Response response) { return {std::move(response), nullptr}; }

OpenedWatch opened(std::unique_ptr<Watch> watch) {
  kube::Response head;
  head.status = 200;
  return {std::move(head), std::move(watch)};
}

}  // namespace

// Undoes the events after `revision`, from the last one back.
std::map<api::ObjectKey, Stored> state_at(const Collection& collection, Revision revision) {
  std::map<api::ObjectKey, Stored> objects = collection.objects;
  for (auto event = collection.events.rbegin();
       event != collection.events.rend() && event->revision > revision; ++event) {
    const Object& object = event->before.object ? *event->before.object : *event->after.object;
    if (event->before.object) {
      objects[object.key] = event->before;
    } else {
      objects.erase(object.key);
    }
  }
  return objects;
}

OpenedWatch ApiServer::watch(const kube::Request& request, Revision as_of) {
  const std::optional<Target> target = parse_target(request.target);
  if (!target) return refused(unknown_type());
  std::optional<Selector> labels = Selector::labels(target->parameter("labelSelector"));
  std::optional<Selector> fields = Selector::fields(target->parameter("fieldSelector"));
  if (!labels || !fields) return refused(bad_request("unable to parse requirement"));
  if (!target->name.empty()) {
    fields = Selector::fields("metadata.name=" + target->name);
  }
  const Revision now = std::min(as_of, state_->revision);
  const std::string text(target->parameter("resourceVersion"));
  const Revision asked = std::strtoull(text.c_str(), nullptr, 10);
  const bool initial = target->parameter("sendInitialEvents") == "true";
  Filter filter{target->namespace_name, *std::move(labels), *std::move(fields)};
  Collection& collection = *state_->collection_of(target->resource->plural);
  if (asked > now) return refused(too_large_version(asked, now));
  if (initial || asked == 0) {
    auto watch = std::make_unique<LiveWatch>(collection, std::move(filter), now);
    watch->begin_with(now, initial && target->parameter("allowWatchBookmarks") == "true");
    return opened(std::move(watch));
  }
  if (asked < state_->compacted) {
    return opened(std::make_unique<ExpiredWatch>(asked, state_->compacted));
  }
  return opened(std::make_unique<LiveWatch>(collection, std::move(filter), asked));
}

}  // namespace sim
