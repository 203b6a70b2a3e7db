#include "reconcile/status/events.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text/text.h"
#include "reconcile/children/node_port.h"
#include "reconcile/status/images.h"
#include "reconcile/status/reasons.h"

namespace reconcile {
namespace {

constexpr std::array<std::string_view, 7> kStorageRefusals = {reason::kShrinkRefused,
                                                              reason::kStorageClassChangeRefused,
                                                              reason::kExpansionRefused,
                                                              reason::kQuotaExceeded,
                                                              reason::kForbidden,
                                                              reason::kPodSecurity,
                                                              reason::kFailed};
constexpr std::array<std::string_view, 1> kOverrides = {reason::kFieldOverridden};
constexpr std::array<std::string_view, 4> kRejectedWrites = {
    reason::kQuotaExceeded, reason::kForbidden, reason::kPodSecurity, reason::kRejected};

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ", ";
  list += item;
}

// The successful writes, grouped by purpose.
struct Writes {
  std::string created;   // "Deployment/registry, Service/registry"
  std::string restored;  // recreated: these objects had existed before
  std::string deleted;
  std::vector<ReconcileEvent> healed;
};

struct EventCollector {
  Writes& writes;
  bool ran_before;

  void operator()(const ReadLive&) const {}
  void operator()(const ReadPodRefusal&) const {}
  void operator()(const SetFinalizer&) const {}
  void operator()(const CheckPush&) const {}
  void operator()(const RecordContestedFields&) const {}
  void operator()(const ResetStrategy& reset) const {
    report_healed(api::Resource<api::Deployment>::kType.kind, reset.patch.metadata, kStrategyField);
  }
  void operator()(const ResetPorts& reset) const {
    report_healed(api::Resource<api::Service>::kType.kind, reset.patch.metadata, kPortsField);
  }
  void operator()(const Delete& remove) const {
    if (remove.is_orphan) return;  // the child was of an earlier LocalRegistry
    append(writes.deleted, fmt::format("{}/{}", kind_name(remove.role), remove.key.name));
  }
  template <class T>
  void operator()(const Apply<T>& apply) const {
    const std::string_view kind = api::Resource<T>::kType.kind;
    const api::ObjectMeta& meta = apply.object.metadata;
    if (apply.cause == Cause::kCreate) {
      append(ran_before ? writes.restored : writes.created, fmt::format("{}/{}", kind, meta.name));
    } else if (apply.cause == Cause::kHeal) {
      report_healed(kind, meta, apply.field);
    }
  }
  void report_healed(std::string_view kind, const api::ObjectMeta& meta,
                     std::string_view field) const {
    writes.healed.push_back(
        {false, "Healed", "Heal",
         fmt::format("{}/{}: restored {}, which had been changed", kind, meta.name, field)});
  }
};

std::string_view reason_of(const api::LocalRegistryStatus& status, std::string_view type) {
  return api::reason_of(status.conditions, type);
}

std::string_view message_of(const api::LocalRegistryStatus& status, std::string_view type) {
  const api::Condition* condition = api::find_condition(status.conditions, type);
  return condition == nullptr ? std::string_view() : condition->message;
}

std::string where_images_go(const api::LocalRegistryStatus& status) {
  return fmt::format("images are pushed to and pulled from {}", status.url);
}

// Reports created objects and the node port in one event if both are new in this reconcile, because
// each event is a write.
void report_creation(const api::LocalRegistry& before, const api::LocalRegistryStatus& after,
                     const std::string& created, std::vector<ReconcileEvent>& list) {
  const bool has_port = before.status.node_port == 0 && after.node_port != 0;
  if (!created.empty()) {
    list.push_back({false, "Created", "Create",
                    "created " + created + (has_port ? "; " + where_images_go(after) : "")});
  } else if (has_port) {
    list.push_back({false, "PortAssigned", "AssignPort", where_images_go(after)});
  }
}

void report_port(const api::LocalRegistry& before, const api::LocalRegistryStatus& after,
                 std::vector<ReconcileEvent>& list) {
  const int earlier = remembered_node_port(before.status);
  if (earlier == 0 || after.node_port == 0 || after.node_port == earlier) return;
  const bool asked_for = before.spec.node_port == after.node_port;
  list.push_back(
      {!asked_for, "PortChanged", "AssignPort",
       fmt::format(
           "the node port changed from {} to {}{}: update image references that name localhost:{}",
           earlier, after.node_port,
           asked_for ? ", as set in spec.nodePort" : ", because the earlier port was taken",
           earlier)});
}

template <std::size_t N>
void report_refusal(const api::LocalRegistry& before, const api::LocalRegistryStatus& after,
                    std::string_view type, const std::array<std::string_view, N>& reasons,
                    std::string_view event_reason, std::vector<ReconcileEvent>& list) {
  const std::string_view reason = reason_of(after, type);
  if (!base::is_one_of(reason, reasons) || reason == reason_of(before.status, type)) return;
  list.push_back({true, std::string(event_reason), "Apply",
                  fmt::format("{}: {}", reason, message_of(after, type))});
}

// Reports a write that was rejected, such as the update or the deletion of a child, unless another
// condition reports a refusal, which has its own event.
void report_rejected_write(const api::LocalRegistry& before, const api::LocalRegistryStatus& after,
                           std::vector<ReconcileEvent>& list) {
  if (base::is_one_of(reason_of(after, condition::kAvailable), reason::kCreationRefusals) ||
      base::is_one_of(reason_of(after, condition::kStorageReady), kStorageRefusals) ||
      base::is_one_of(reason_of(after, condition::kReady), reason::kPortRefusals)) {
    return;
  }
  report_refusal(before, after, condition::kConverged, kRejectedWrites, "Failed", list);
}

void report_acceptance(const api::LocalRegistry& before, const api::LocalRegistryStatus& after,
                       std::vector<ReconcileEvent>& list) {
  const std::string_view reason = reason_of(after, condition::kAccepted);
  if (reason.empty() || reason == reason::kAccepted) return;
  if (reason == reason_of(before.status, condition::kAccepted)) return;
  list.push_back({true, "Refused", "Accept",
                  fmt::format("{}: {}", reason, message_of(after, condition::kAccepted))});
}

void report_buildkit(const api::LocalRegistry& before, const api::LocalRegistryStatus& after,
                     std::vector<ReconcileEvent>& list) {
  const std::string_view reason = reason_of(after, condition::kBuildKitReady);
  if (reason != reason::kPodSecurity && reason != reason::kPodSecurityDefault) return;
  if (reason == reason_of(before.status, condition::kBuildKitReady)) return;
  list.push_back({true, "BuildKitOmitted", "Apply",
                  std::string(message_of(after, condition::kBuildKitReady))});
}

void report_cleanup(const api::LocalRegistry& before, const api::LocalRegistryStatus& after,
                    std::vector<ReconcileEvent>& list) {
  const std::string_view reason = reason_of(after, condition::kCleanupBlocked);
  if (reason.empty() || !reason_of(before.status, condition::kCleanupBlocked).empty()) return;
  list.push_back({true, std::string(condition::kCleanupBlocked), "Delete",
                  std::string(message_of(after, condition::kCleanupBlocked))});
}

// True while an image is checked for the first time. Refused images do not count, because they
// never get a delivery.
bool has_undecided_image(const api::LocalRegistrySpec& spec,
                         const std::vector<api::ImageStatus>& images) {
  const auto is_decided = [](const api::ImageStatus& image) { return image.delivery.has_value(); };
  if (std::all_of(images.begin(), images.end(), is_decided)) return false;  // the usual case
  const auto refusals = refused_images(spec);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const bool refused = i < refusals.size() && refusals[i];
    if (!refused && !is_decided(images[i])) return true;
  }
  return false;
}

// Reports how images are delivered, in one event once all of them are decided. status.images says
// why an image is refused.
void report_images(const api::LocalRegistry& before, const api::LocalRegistryStatus& after,
                   std::vector<ReconcileEvent>& list) {
  if (has_undecided_image(before.spec, after.images)) return;
  std::string text;
  for (const api::ImageStatus& image : after.images) {
    if (!image.delivery) continue;
    const auto same = [&](const api::ImageStatus& entry) {
      return entry.name == image.name && entry.delivery == image.delivery;
    };
    const auto& earlier = before.status.images;
    if (std::any_of(earlier.begin(), earlier.end(), same)) continue;
    append(text, fmt::format("{}: {} ({})", image.name, api::name(*image.delivery), image.message));
  }
  if (text.empty()) return;
  list.push_back({false, "DeliveryDecided", "Decide", "delivery of images: " + text});
}

}  // namespace

std::vector<ReconcileEvent> compute_events(const api::LocalRegistry& before,
                                           const std::vector<Action>& done,
                                           const api::LocalRegistryStatus& after) {
  std::vector<ReconcileEvent> list;
  Writes writes;
  const bool same_spec = before.status.observed_generation == before.metadata.generation;
  const bool ran_before = same_spec && remembered_node_port(before.status) != 0;
  for (const Action& action : done) std::visit(EventCollector{writes, ran_before}, action);
  report_creation(before, after, writes.created, list);
  if (!writes.restored.empty()) {
    list.push_back({false, "Healed", "Create", "recreated after deletion: " + writes.restored});
  }
  for (ReconcileEvent& event : writes.healed) list.push_back(std::move(event));
  if (!writes.deleted.empty()) {
    list.push_back({false, "Deleted", "Delete", "deleted " + writes.deleted});
  }
  report_port(before, after, list);
  report_images(before, after, list);
  report_acceptance(before, after, list);
  report_refusal(before, after, condition::kReady, reason::kPortRefusals, "Refused", list);
  report_refusal(before, after, condition::kStorageReady, kStorageRefusals, "Refused", list);
  report_refusal(before, after, condition::kAvailable, reason::kCreationRefusals, "Failed", list);
  report_refusal(before, after, condition::kConverged, kOverrides, "FieldOverridden", list);
  report_rejected_write(before, after, list);
  report_buildkit(before, after, list);
  report_cleanup(before, after, list);
  return list;
}

}  // namespace reconcile
