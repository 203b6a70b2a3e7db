#include "sim/controllers_real/view.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <vector>

#include "sim/json_value.h"

namespace controllers_real {
namespace {

using sim::Document;
using sim::text_at;
using sim::Value;

constexpr auto kRevision = "deployment.kubernetes.io/revision";

// Reasons of the condition Progressing during a roll-out. Which of them remains at its end depends
// on how many steps the real controller saw at once.
constexpr std::string_view kUnderway[] = {"NewReplicaSetCreated", "FoundNewReplicaSet",
                                          "ReplicaSetUpdated"};

std::string number_at(const Value& object, std::initializer_list<std::string_view> path) {
  const Value* found = sim::find(object, path);
  return found == nullptr || !found->IsInt64() ? "0" : std::to_string(found->GetInt64());
}

const Value& list_at(const Value& object, std::initializer_list<std::string_view> path) {
  static const Value kNone(rapidjson::kArrayType);
  const Value* found = sim::find(object, path);
  return found == nullptr || !found->IsArray() ? kNone : *found;
}

// Returns a text that identifies a pod template within a sequence.
std::string template_key(const Value& spec) {
  std::string key;
  for (const Value& container : list_at(spec, {"containers"}).GetArray()) {
    key += fmt::format("{}{}", key.empty() ? "" : "+", text_at(container, {"image"}));
  }
  if (const Value* selector = sim::find(spec, "nodeSelector")) key += sim::write_sorted(*selector);
  for (const Value& volume : list_at(spec, {"volumes"}).GetArray()) {
    if (sim::find(volume, "persistentVolumeClaim") != nullptr) key += "+data";
  }
  return key;
}

std::string conditions_of(const Value& object) {
  std::vector<std::string> texts;
  for (const Value& one : list_at(object, {"status", "conditions"}).GetArray()) {
    std::string_view reason = text_at(one, {"reason"});
    if (std::find(std::begin(kUnderway), std::end(kUnderway), reason) != std::end(kUnderway)) {
      reason = "underway";
    }
    texts.push_back(
        fmt::format("{}={}/{}", text_at(one, {"type"}), text_at(one, {"status"}), reason));
  }
  std::sort(texts.begin(), texts.end());
  std::string joined;
  for (const std::string& text : texts) joined += " " + text;
  return joined;
}

class View {
 public:
  explicit View(const Objects& objects) {
    for (const auto& [key, text] : objects) {
      Document object;
      object.Parse(text.c_str());
      const std::string uid(text_at(object, {"metadata", "uid"}));
      names_[uid] = key.first == "replicasets"
                        ? template_key(*sim::find(object, {"spec", "template", "spec"}))
                        : key.second;
      const bool deleting = sim::find(object, {"metadata", "deletionTimestamp"}) != nullptr;
      if (key.first == "statefulsets" && !deleting) {
        revisions_[uid] = {std::string(text_at(object, {"status", "currentRevision"})),
                           std::string(text_at(object, {"status", "updateRevision"}))};
      }
    }
    for (const auto& [key, text] : objects) {
      Document object;
      object.Parse(text.c_str());
      lines_.push_back(line(key.first, key.second, object));
    }
    std::sort(lines_.begin(), lines_.end());
  }

  std::string text() const {
    std::string text;
    for (const std::string& one : lines_) text += one + "\n";
    return text;
  }

 private:
  std::string line(const std::string& plural, const std::string& name, const Value& object) const {
    return plural + " " + described(plural, name, object) + metadata(object);
  }

  std::string described(const std::string& plural, const std::string& name,
                        const Value& object) const {
    if (plural == "deployments") return name + deployment(object);
    if (plural == "replicasets") return replica_set(object);
    if (plural == "statefulsets") return name + stateful_set(object);
    if (plural == "pods") return pod(name, object);
    if (plural == "namespaces") return std::string(text_at(object, {"status", "phase"}));
    if (plural != "persistentvolumeclaims") return name;
    return fmt::format("{} {}", name, text_at(object, {"status", "phase"}));
  }

  std::string metadata(const Value& object) const {
    std::string text;
    if (sim::find(object, {"metadata", "deletionTimestamp"}) != nullptr) text += " deleting";
    std::vector<std::string> parts;
    for (const Value& one : list_at(object, {"metadata", "finalizers"}).GetArray()) {
      parts.emplace_back(sim::as_text(one));
    }
    std::sort(parts.begin(), parts.end());
    for (const std::string& part : parts) text += " held:" + part;
    parts.clear();
    for (const Value& one : list_at(object, {"metadata", "ownerReferences"}).GetArray()) {
      const auto found = names_.find(std::string(text_at(one, {"uid"})));
      const Value* controls = sim::find(one, "controller");
      const Value* blocks = sim::find(one, "blockOwnerDeletion");
      parts.push_back(fmt::format("{}/{}{}{}", text_at(one, {"kind"}),
                                  found == names_.end() ? "gone" : found->second,
                                  controls != nullptr && controls->IsTrue() ? ",controller" : "",
                                  blocks != nullptr && blocks->IsTrue() ? ",blocks" : ""));
    }
    std::sort(parts.begin(), parts.end());
    for (const std::string& part : parts) text += " owner:" + part;
    return text;
  }

  static std::string observed(const Value& object) {
    return number_at(object, {"status", "observedGeneration"}) ==
                   number_at(object, {"metadata", "generation"})
               ? ""
               : " outdated";
  }

  static std::string counts(const Value& object) {
    std::string text = " of " + number_at(object, {"spec", "replicas"}) + ":";
    for (const char* name : {"replicas", "readyReplicas", "availableReplicas"}) {
      text += " " + number_at(object, {"status", name});
    }
    return text;
  }

  static std::string deployment(const Value& object) {
    return fmt::format("{} updated {} unavailable {} revision {}{}{}", counts(object),
                       number_at(object, {"status", "updatedReplicas"}),
                       number_at(object, {"status", "unavailableReplicas"}),
                       text_at(object, {"metadata", "annotations", kRevision}), observed(object),
                       conditions_of(object));
  }

  static std::string replica_set(const Value& object) {
    const auto annotation = [&](std::string_view name) {
      return std::string(text_at(
          object, {"metadata", "annotations", fmt::format("deployment.kubernetes.io/{}", name)}));
    };
    return fmt::format("{}{} revision {} desired {} most {}{}{}",
                       template_key(*sim::find(object, {"spec", "template", "spec"})),
                       counts(object), annotation("revision"), annotation("desired-replicas"),
                       annotation("max-replicas"), observed(object), conditions_of(object));
  }

  // The status of a set that is being deleted depends on whether the garbage collector first
  // deletes its pods or its ControllerRevisions. Without the revisions the real controller fails.
  static std::string stateful_set(const Value& object) {
    if (sim::find(object, {"metadata", "deletionTimestamp"}) != nullptr) return "";
    const bool same = text_at(object, {"status", "currentRevision"}) ==
                      text_at(object, {"status", "updateRevision"});
    return fmt::format("{} current {} updated {} {}{}{}", counts(object),
                       number_at(object, {"status", "currentReplicas"}),
                       number_at(object, {"status", "updatedReplicas"}),
                       same ? "one revision" : "two revisions", observed(object),
                       conditions_of(object));
  }

  // Pods of a ReplicaSet have random names and are all called "web"; equal ones stand for each
  // other.
  std::string pod(const std::string& name, const Value& object) const {
    std::string text = name.starts_with("db-") ? name : "web";
    text += fmt::format(" {} {}{}{}", template_key(*sim::find(object, "spec")),
                        text_at(object, {"status", "phase"}),
                        text_at(object, {"spec", "nodeName"}).empty() ? " unbound" : "",
                        conditions_of(object));
    for (const Value& one : list_at(object, {"status", "containerStatuses"}).GetArray()) {
      const std::string_view reason = text_at(one, {"state", "waiting", "reason"});
      if (!reason.empty()) text += fmt::format(" {}", reason);
    }
    const std::string_view revision =
        text_at(object, {"metadata", "labels", "controller-revision-hash"});
    for (const Value& owner : list_at(object, {"metadata", "ownerReferences"}).GetArray()) {
      const auto found = revisions_.find(std::string(text_at(owner, {"uid"})));
      if (found == revisions_.end()) continue;
      text += revision == found->second.second  ? " up to date"
              : revision == found->second.first ? " of the current revision"
                                                : " of an old revision";
    }
    return text + fmt::format(" app={}", text_at(object, {"metadata", "labels", "app"}));
  }

  std::map<std::string, std::string> names_;  // by uid
  std::map<std::string, std::pair<std::string, std::string>> revisions_;
  std::vector<std::string> lines_;
};

std::multiset<std::string> lines_of(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream stream(text);
  for (std::string one; std::getline(stream, one);) lines.insert(one);
  return lines;
}

}  // namespace

std::string view_of(const Objects& objects) { return View(objects).text(); }

std::string differing_lines(const std::string& real, const std::string& fake) {
  std::multiset<std::string> mine = lines_of(real);
  std::string text;
  std::string added;
  for (const std::string& one : lines_of(fake)) {
    const auto found = mine.find(one);
    if (found == mine.end()) {
      added += "   simulated: " + one + "\n";
    } else {
      mine.erase(found);
    }
  }
  for (const std::string& one : mine) text += "   real:      " + one + "\n";
  return text + added;
}

}  // namespace controllers_real
