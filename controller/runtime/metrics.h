// The program's metrics, under the names that dashboards made for controller-runtime and client-go
// expect. prometheus-cpp stays behind this header.
//
// One Metrics per program, made by main and passed by reference. Label values come from small fixed
// sets; whatever is not (hosts, reasons) is bounded by limits::kMetricSeries for each metric, and
// what is over that is counted under "other". Used on the thread of the io_context only.
// Source: controller-runtime/pkg/internal/controller/metrics, client-go/tools/metrics.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runtime {

// The label `result` of controller_runtime_reconcile_total.
enum class ReconcileOutcome { kSuccess, kRequeueAfter, kRequeue, kError };

// One value of localregistry_resources.
struct ResourceCount {
  std::string delivery;  // "LocalRegistry", "KindLoad", "Upstream"; empty: not decided
  std::string ready;     // "True", "False" or "Unknown"
  std::size_t count = 0;
};

// The queue as it is when somebody looks at the metrics.
struct QueueState {
  std::size_t depth = 0;      // keys that are ready
  std::uint64_t adds = 0;     // since the start
  std::uint64_t retries = 0;  // since the start
  std::chrono::nanoseconds unfinished_work{};
  std::chrono::nanoseconds longest_running{};
};

class Metrics {
 public:
  using Duration = std::chrono::nanoseconds;

  // version: of localregistry_build_info.
  explicit Metrics(std::string_view version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // controller_runtime_*{controller="localregistry"}
  void reconciled(ReconcileOutcome outcome, Duration took);
  void reconcile_panicked();  // an exception: a bug
  void reconcile_timed_out();
  void set_active_workers(std::size_t workers);
  void set_max_concurrent_reconciles(std::size_t workers);

  // workqueue_*{name="localregistry"}
  void set_queue(const QueueState& state);
  void key_taken(Duration waited);  // queue_duration
  void key_done(Duration worked);   // work_duration

  // rest_client_requests_total. code: the HTTP status; 0 when no answer came ("<error>").
  // method: "GET", …; host: "10.96.0.1:443".
  void request_answered(int code, std::string_view method, std::string_view host);

  // leader_election_master_status{name="local-registry-operator"}: absent before the first call.
  void set_leader(bool leader);

  // controller_runtime_webhook_*{webhook}. code: the HTTP status. A path that serves is there with
  // 0.
  void serve_webhook(std::string_view path);
  void webhook_answered(std::string_view path, int code, Duration took);

  // localregistry_webhook_*. result: "rewritten", …; images: how many were.
  void pod_reviewed(std::string_view result, std::size_t images);
  void set_webhook_certificate_expiry(std::chrono::seconds since_epoch);

  // localregistry_*
  void set_resources(const std::vector<ResourceCount>& counts);  // the whole, not a change
  // bytes: that the cache takes; reduced: objects that it does not hold as a whole; dropped: that
  // it does not hold at all.
  void set_cache(std::string_view resource, std::size_t bytes, std::size_t reduced,
                 std::size_t dropped);
  void set_contested_objects(std::size_t count);
  void watch_restarted(std::string_view resource, std::string_view reason);
  void malformed_object(std::string_view resource);

  // Something that sets metrics when they are read, and stops doing so with its destructor.
  // It may not outlive the Metrics.
  class [[nodiscard]] Collector {
   public:
    Collector(Metrics& metrics, std::function<void()> collect);
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

   private:
    Metrics& metrics_;
    std::list<std::function<void()>>::iterator place_;
  };

  // Everything in the Prometheus text format 0.0.4, process_* read from /proc as of now.
  std::string serialize();

 private:
  struct Series;

  std::list<std::function<void()>> collectors_;
  std::unique_ptr<Series> series_;
};

}  // namespace runtime
