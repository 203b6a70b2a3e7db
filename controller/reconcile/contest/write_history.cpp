#include "reconcile/contest/write_history.h"

#include <algorithm>
#include <set>

#include "base/backoff.h"
#include "base/text/text.h"
#include "reconcile/children/children.h"
#include "reconcile/children/names.h"
#include "reconcile/observed.h"

namespace reconcile {
namespace {

// Returns a delay that doubles from limits::kContestFirstRetry to limits::kContestLastRetry.
Instant::duration delay_after(int tries) {
  return base::doubled(limits::kContestFirstRetry, tries - 1, limits::kContestLastRetry);
}

void add_time(std::vector<Instant>& times, Instant now) {
  if (times.size() >= limits::kContestedWrites) times.erase(times.begin());
  times.push_back(now);
}

// Returns the entry of the role; null when there is none. `entries` may be const.
template <class Entries>
auto* find_entry(Entries& entries, ObjectRole role) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const auto& entry) { return entry.role == role; });
  return found == entries.end() ? nullptr : &*found;
}

FieldContest& begin_contest(WriteHistory& history, ObjectRole role) {
  FieldContest& contest = history.contests.emplace_back();
  contest.role = role;
  return contest;
}

ContestedField& field_of(FieldContest& contest, const std::string& path) {
  for (ContestedField& field : contest.fields) {
    if (field.path == path) return field;
  }
  if (contest.fields.size() >= limits::kContestedFields) {
    contest.fields.erase(contest.fields.begin());
  }
  contest.fields.push_back({path, false, false, {}});
  return contest.fields.back();
}

// Returns the entry of a field, to which the caller adds a time. If there are too many fields, the
// least recently healed field is dropped.
HealedField& healed_field(WriteHistory& history, ObjectRole role, std::size_t intent,
                          const std::string& path) {
  for (HealedField& field : history.healed) {
    if (field.role == role && field.path == path) return field;
  }
  if (history.healed.size() >= limits::kHealedFields) {
    history.healed.erase(std::min_element(
        history.healed.begin(), history.healed.end(),
        [](const auto& a, const auto& b) { return a.times.back() < b.times.back(); }));
  }
  return history.healed.emplace_back(HealedField{role, path, intent, {}, false});
}

// Counts the write for each field that it heals, or whose value the answer overrides.
void count_heals(WriteHistory& history, const WriteRecord& write) {
  std::set<std::string_view> paths(write.healed.begin(), write.healed.end());
  paths.insert(write.overridden.begin(), write.overridden.end());
  for (const std::string_view path : paths) {
    HealedField& field = healed_field(history, write.role, write.intent, std::string(path));
    add_time(field.times, write.now);
    field.by_answer = base::is_one_of(path, write.overridden);
  }
}

// Returns whether the last write to the field at `path` was overridden by the API server's answer.
bool was_overridden_by_answer(const WriteHistory& history, ObjectRole role,
                              const std::string& path) {
  return std::any_of(history.healed.begin(), history.healed.end(), [&](const HealedField& field) {
    return field.role == role && field.path == path && field.by_answer;
  });
}

// Removes the fields that other clients have stopped changing: the object did not differ in them
// before this write, and the write before it was long ago.
void drop_calm_fields(FieldContest& contest, const WriteRecord& write) {
  const bool is_known = !write.drifted.empty() && write.drifted.size() < limits::kContestedFields;
  if (!is_known || write.now < contest.last_write + limits::kHealWindow) return;
  std::erase_if(contest.fields, [&](const ContestedField& field) {
    return !field.by_answer && !base::is_one_of(field.path, write.drifted);
  });
}

// Replaces the fields that are contested because of earlier answers (by_answer) with
// write.overridden, the fields that the latest answer changed. Known field managers stay.
void replace_answered(FieldContest& contest, const WriteRecord& write) {
  if (write.is_delete) return;
  const std::vector<std::string>& overridden = write.overridden;
  std::erase_if(contest.fields, [&](const ContestedField& field) {
    return field.by_answer && field.path.starts_with(write.part) &&
           std::find(overridden.begin(), overridden.end(), field.path) == overridden.end();
  });
  for (const std::string& path : overridden) field_of(contest, path).by_answer = true;
}

std::size_t count_since(const std::vector<Instant>& times, Instant since) {
  return static_cast<std::size_t>(
      std::count_if(times.begin(), times.end(), [&](Instant time) { return time > since; }));
}

// Returns the times of the heals that led to the contest. They count as writes to the contested
// object.
std::vector<Instant> heals_of(const WriteHistory& history, const FieldContest& contest) {
  std::vector<Instant> max;
  for (const HealedField& field : history.healed) {
    const bool counts = field.role == contest.role && contest.find(field.path) != nullptr;
    if (counts && field.times.size() > max.size()) max = field.times;
  }
  return max;
}

// Returns the writes to the contested object. If none are counted yet, the heals of the contested
// fields are the first.
ObjectWrites& count_from_heals(WriteHistory& history, const FieldContest& contest) {
  if (ObjectWrites* writes = find_entry(history.writes, contest.role)) return *writes;
  return history.writes.emplace_back(
      ObjectWrites{contest.role, contest.intent, heals_of(history, contest)});
}

// Counts a write to an object that is contested or was lately. `contest`: null if it is not.
void count_write(WriteHistory& history, const WriteRecord& write, const FieldContest* contest) {
  ObjectWrites* writes = find_entry(history.writes, write.role);
  const bool is_first = writes == nullptr;
  const bool is_contested =
      contest != nullptr || (!is_first && !(write.healed.empty() && write.overridden.empty()));
  if (!is_contested) return;
  if (is_first) writes = &count_from_heals(history, *contest);
  writes->intent = write.intent;
  // The heals that are the first writes may include this one.
  const bool is_counted = is_first && !writes->times.empty() && writes->times.back() == write.now;
  if (!is_counted) add_time(writes->times, write.now);
}

WriteRecord with_stored_paths(WriteRecord write) {
  for (std::string& path : write.healed) path = stored_path(path);
  for (std::string& path : write.overridden) path = stored_path(path);
  for (std::string& path : write.drifted) path = stored_path(path);
  return write;
}

constexpr std::size_t kAllocation = 16;  // bytes of overhead of each heap allocation

std::size_t bytes_of(const std::string& text) {
  const bool is_inline = text.capacity() <= std::string().capacity();
  return is_inline ? 0 : text.capacity() + 1 + kAllocation;
}

template <class T>
std::size_t bytes_of(const std::vector<T>& list) {
  return list.capacity() == 0 ? 0 : list.capacity() * sizeof(T) + kAllocation;
}

template <class T>
void add_if_differs(const T& wanted, const T& actual, std::string_view path,
                    std::vector<std::string>& fields) {
  if (wanted == actual) return;
  const auto within = [&](const std::string& field) { return field.starts_with(path); };
  std::erase_if(fields, within);
  fields.emplace_back(path);
}

}  // namespace

const ContestedField* FieldContest::find(std::string_view path) const {
  const std::string stored = stored_path(path);
  for (const ContestedField& field : fields) {
    if (field.path == stored) return &field;
  }
  return nullptr;
}

const FieldContest* WriteHistory::find(ObjectRole role) const { return find_entry(contests, role); }

const ObjectWrites* WriteHistory::writes_to(ObjectRole role) const {
  return find_entry(writes, role);
}

std::string stored_path(std::string_view path) {
  if (path.size() <= limits::kOverriddenBytes) return std::string(path);
  const std::string end = "~" + hash(path);
  return std::string(path.substr(0, limits::kOverriddenBytes - end.size())) + end;
}

std::size_t bytes_of(const WriteHistory& history) {
  std::size_t bytes =
      bytes_of(history.healed) + bytes_of(history.contests) + bytes_of(history.writes);
  for (const ObjectWrites& writes : history.writes) bytes += bytes_of(writes.times);
  for (const HealedField& field : history.healed) {
    bytes += bytes_of(field.path) + bytes_of(field.times);
  }
  for (const FieldContest& contest : history.contests) {
    bytes += bytes_of(contest.fields);
    for (const ContestedField& field : contest.fields) {
      bytes += bytes_of(field.path) + bytes_of(field.manager);
    }
  }
  return bytes;
}

void record_write(WriteHistory& history, const WriteRecord& record) {
  const WriteRecord write = with_stored_paths(record);
  std::erase_if(history.healed, [&](const HealedField& field) {
    return field.role == write.role && field.intent != write.intent;
  });
  count_heals(history, write);
  FieldContest* contest = find_entry(history.contests, write.role);
  if (contest == nullptr && !write.overridden.empty()) {
    contest = &begin_contest(history, write.role);
  }
  if (contest != nullptr) {
    drop_calm_fields(*contest, write);
    replace_answered(*contest, write);
    contest->intent = write.intent;
    contest->last_write = write.now;
    contest->retry = write.now + delay_after(++contest->tries);
  }
  count_write(history, write, contest);
  if (contest != nullptr && contest->fields.empty()) end_contest(history, write.role);
}

void record_failed_write(WriteHistory& history, ObjectRole role, std::size_t intent, Instant now) {
  FieldContest* contest = find_entry(history.contests, role);
  if (contest != nullptr && contest->intent == intent)
    contest->retry = now + delay_after(++contest->tries);
}

void record_contest(WriteHistory& history, const ContestRecord& record) {
  FieldContest* contest = find_entry(history.contests, record.role);
  const bool is_new = contest == nullptr;
  if (is_new) contest = &begin_contest(history, record.role);
  for (const auto& [path, manager] : record.managers) {
    const std::string stored = stored_path(path);
    const bool is_known = contest->find(path) != nullptr;
    ContestedField& field = field_of(*contest, stored);
    if (!is_known) field.by_answer = was_overridden_by_answer(history, record.role, stored);
    field.manager_is_known = true;
    field.manager = manager.substr(0, limits::kOverridingManagerBytes);
  }
  if (is_new) {
    contest->intent = record.intent;
    contest->tries = 1;
    contest->last_write = record.now;
    contest->retry = record.now + record.retry_after;
    count_from_heals(history, *contest);
  } else if (contest->retry <= record.now) {
    contest->retry = record.now + delay_after(++contest->tries);
  }
}

void end_contest(WriteHistory& history, ObjectRole role) {
  std::erase_if(history.contests,
                [&](const FieldContest& contest) { return contest.role == role; });
}

void forget_old_writes(WriteHistory& history, Instant now) {
  const auto is_old = [&](const std::vector<Instant>& times) {
    return times.empty() || times.back() + limits::kContestedWindow < now;
  };
  std::erase_if(history.healed, [&](const HealedField& field) { return is_old(field.times); });
  std::erase_if(history.writes, [&](const ObjectWrites& writes) {
    return history.find(writes.role) == nullptr && is_old(writes.times);
  });
}

bool is_healed_too_often(const WriteHistory& history, ObjectRole role, std::size_t intent,
                         std::string_view path, Instant now) {
  const std::string stored = stored_path(path);
  for (const HealedField& field : history.healed) {
    if (field.role != role || field.intent != intent || field.path != stored) continue;
    return count_since(field.times, now - limits::kHealWindow) >= limits::kHealsInWindow ||
           count_since(field.times, now - limits::kContestedWindow) >= limits::kContestedWrites;
  }
  return false;
}

void add_fields_compared_as_whole(const api::Deployment& wanted, const api::Deployment& actual,
                                  std::vector<std::string>& fields) {
  add_if_differs(wanted.spec.selector, actual.spec.selector, kSelectorField, fields);
  add_if_differs(wanted.spec.strategy.rolling_update, actual.spec.strategy.rolling_update,
                 kRollingUpdateField, fields);
}

void add_fields_compared_as_whole(const api::StatefulSet& wanted, const api::StatefulSet& actual,
                                  std::vector<std::string>& fields) {
  add_if_differs(wanted.spec.selector, actual.spec.selector, kSelectorField, fields);
}

std::size_t fingerprint_of(const api::Service& wanted) {
  api::Service lasting = wanted;
  lasting.spec.publish_not_ready_addresses = {};
  lasting.metadata.annotations.erase(std::string(kIntentAnnotation));  // a hash of that field too
  return fingerprint_of<api::Service>(lasting);
}

bool has_conflicting_port(const api::Service& wanted, const api::Service& actual) {
  const api::ServicePort& own = wanted.spec.ports.front();
  const auto& ports = actual.spec.ports;
  return std::any_of(ports.begin(), ports.end(), [&](const api::ServicePort& port) {
    const bool is_other = port.port != own.port || port.protocol != own.protocol;
    const bool has_node_port = port.node_port != 0 && port.node_port == own.node_port;
    return is_other && (port.name.empty() || port.name == own.name ||
                        (has_node_port && port.protocol == own.protocol));
  });
}

void add_fields_compared_as_whole(const api::Service& wanted, const api::Service& actual,
                                  std::vector<std::string>& fields) {
  if (!has_conflicting_port(wanted, actual)) return;
  std::erase_if(fields, [](const std::string& field) { return field.starts_with(kPortsField); });
  fields.emplace_back(kPortsField);
}

std::vector<std::string> healed_fields(const std::vector<std::string>& drifted, bool is_heal) {
  const bool is_hash = drifted.size() == 1 && drifted.front() == kIntentField;
  return is_heal || is_hash ? drifted : std::vector<std::string>();
}

WriteRecord record_of_strategy(std::size_t intent, const api::Deployment& answer) {
  WriteRecord write;
  write.role = ObjectRole::kDeployment;
  write.intent = intent;
  write.healed = {std::string(kStrategyTypeField), std::string(kRollingUpdateField)};
  write.part = kStrategyField;
  if (answer.spec.strategy.type != kStrategy) write.overridden.emplace_back(kStrategyTypeField);
  if (!answer.spec.strategy.rolling_update.text.empty()) {
    write.overridden.emplace_back(kRollingUpdateField);
  }
  return write;
}

WriteRecord record_of_ports(std::size_t intent, const api::Service& patch,
                            const api::Service& answer) {
  WriteRecord write;
  write.role = ObjectRole::kService;
  write.intent = intent;
  write.healed.emplace_back(kPortsField);
  write.part = kPortsField;
  api::Service wanted;
  api::Service actual;
  wanted.spec.ports = patch.spec.ports;
  actual.spec.ports = answer.spec.ports;
  write.overridden = differing_fields(wanted, actual);
  return write;
}

}  // namespace reconcile
