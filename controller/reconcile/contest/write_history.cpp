#include "reconcile/contest/write_history.h"

#include <algorithm>

#include "base/backoff.h"
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

// Returns the contest of the role; null when there is none. `contests` may be const.
template <class Contests>
auto* find_contest(Contests& contests, ObjectRole role) {
  const auto found =
      std::find_if(contests.begin(), contests.end(),
                   [&](const FieldContest& contest) { return contest.role == role; });
  return found == contests.end() ? nullptr : &*found;
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
  return history.healed.emplace_back(HealedField{role, path, intent, {}});
}

// The writes of a contest that ends count as heals of its fields: if it begins again and again, the
// fields become contested before the next write.
void keep_writes(WriteHistory& history, const FieldContest& contest) {
  if (contest.writes.empty()) return;
  for (const ContestedField& field : contest.fields) {
    HealedField& healed = healed_field(history, contest.role, contest.intent, field.path);
    const bool is_less = healed.times.empty() || healed.times.back() < contest.writes.back() ||
                         healed.times.size() < contest.writes.size();
    if (is_less) healed.times = contest.writes;
  }
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

// Counts a write of a contested object. If the contest begins with it, the heals of its fields
// count as well; they may include this write.
void count_write(const WriteHistory& history, FieldContest& contest, Instant now) {
  const bool begins = contest.writes.empty();
  if (begins) contest.writes = heals_of(history, contest);
  const bool is_counted = begins && !contest.writes.empty() && contest.writes.back() == now;
  if (!is_counted) add_time(contest.writes, now);
}

WriteRecord with_stored_paths(WriteRecord write) {
  for (std::string& path : write.healed) path = stored_path(path);
  for (std::string& path : write.overridden) path = stored_path(path);
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

const FieldContest* WriteHistory::find(ObjectRole role) const {
  return find_contest(contests, role);
}

std::string stored_path(std::string_view path) {
  if (path.size() <= limits::kOverriddenBytes) return std::string(path);
  const std::string end = "~" + hash(path);
  return std::string(path.substr(0, limits::kOverriddenBytes - end.size())) + end;
}

std::size_t bytes_of(const WriteHistory& history) {
  std::size_t bytes = bytes_of(history.healed) + bytes_of(history.contests);
  for (const HealedField& field : history.healed) {
    bytes += bytes_of(field.path) + bytes_of(field.times);
  }
  for (const FieldContest& contest : history.contests) {
    bytes += bytes_of(contest.fields) + bytes_of(contest.writes);
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
  for (const std::string& path : write.healed) {
    add_time(healed_field(history, write.role, write.intent, path).times, write.now);
  }
  FieldContest* contest = find_contest(history.contests, write.role);
  if (contest == nullptr && write.overridden.empty()) return;
  if (contest == nullptr) contest = &begin_contest(history, write.role);
  std::vector<ContestedField> before;
  if (contest->intent == write.intent) before = contest->fields;
  replace_answered(*contest, write);
  contest->intent = write.intent;
  contest->last_write = write.now;
  contest->retry = write.now + delay_after(++contest->tries);
  count_write(history, *contest, write.now);
  if (!contest->fields.empty()) return;
  contest->fields = before;
  end_contest(history, write.role);
}

void record_failed_write(WriteHistory& history, ObjectRole role, Instant now) {
  FieldContest* contest = find_contest(history.contests, role);
  if (contest != nullptr) contest->retry = now + delay_after(++contest->tries);
}

void record_contest(WriteHistory& history, const ContestRecord& record) {
  FieldContest* contest = find_contest(history.contests, record.role);
  const bool is_new = contest == nullptr;
  if (is_new) contest = &begin_contest(history, record.role);
  for (const auto& [path, manager] : record.managers) {
    ContestedField& field = field_of(*contest, stored_path(path));
    field.manager_is_known = true;
    field.manager = manager.substr(0, limits::kOverridingManagerBytes);
  }
  if (is_new) {
    contest->intent = record.intent;
    contest->tries = 1;
    contest->last_write = record.now;
    contest->retry = record.now + record.retry_after;
    contest->writes = heals_of(history, *contest);
  } else if (contest->retry <= record.now) {
    contest->retry = record.now + delay_after(++contest->tries);
  }
}

void end_contest(WriteHistory& history, ObjectRole role) {
  if (const FieldContest* contest = history.find(role)) keep_writes(history, *contest);
  std::erase_if(history.contests,
                [&](const FieldContest& contest) { return contest.role == role; });
}

void forget_old_heals(WriteHistory& history, Instant now) {
  std::erase_if(history.healed, [&](const HealedField& field) {
    return field.times.back() + limits::kContestedWindow < now;
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
