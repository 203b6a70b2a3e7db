// The program's metrics, under the names that dashboards made for controller-runtime and client-go
// expect. No header includes prometheus-cpp.
//
// One Metrics per program. The other layers report to it through their observer interfaces. A
// Collector computes values that are needed only for a scrape. Most label values come from small
// fixed sets. Of values from outside (hosts, reasons), each metric counts at most
// limits::kMetricSeries separately, and all further values under "other". Used on the thread of the
// io_context only.
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

#include "kube/watch/watcher.h"
#include "operator/controller.h"
#include "operator/webhook/webhook_certificates.h"
#include "runtime/runner_observer.h"
#include "serve/review_observer.h"

namespace app {

class Metrics final : public runtime::RunnerObserver,
                      public serve::ReviewObserver,
                      public controller::CertificateObserver,
                      public kube::WatchObserver {
 public:
  using Duration = base::Clock::Duration;

  // `version`: the label value of localregistry_build_info.
  explicit Metrics(std::string_view version);
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // controller_runtime_*{controller="localregistry"}
  void reconciled(runtime::ReconcileOutcome outcome, Duration took) override;
  void reconcile_panicked() override;  // it threw an exception, which is a bug
  void reconcile_timed_out() override;
  void set_active_workers(std::size_t workers) override;
  void set_max_concurrent_reconciles(std::size_t workers) override;

  // workqueue_*{name="localregistry"}
  void set_queue(const runtime::QueueState& state);
  void key_taken(Duration waited) override;  // queue_duration
  void key_done(Duration worked) override;   // work_duration

  // rest_client_requests_total. `code`: the HTTP status; 0 when no answer came ("<error>").
  // `method`: "GET", …; `host`: "10.96.0.1:443".
  void request_answered(int code, std::string_view method, std::string_view host);

  // leader_election_master_status{name="local-registry-operator"}, which is absent before the first
  // call.
  void set_leader(bool leader);

  // controller_runtime_webhook_*{webhook}. `code`: the HTTP status. serve_webhook() creates the
  // series of a path with the value 0.
  void serve_webhook(std::string_view path) override;
  void webhook_answered(std::string_view path, int code, Duration took) override;

  // localregistry_webhook_*. `result`: "rewritten", …; `images`: number of rewritten images.
  void pod_reviewed(std::string_view result, std::size_t images) override;
  void set_webhook_certificate_expiry(std::chrono::seconds since_epoch) override;

  // localregistry_resources. The counts replace all earlier ones.
  void set_resources(const std::vector<controller::ResourceCount>& counts);
  // localregistry_cache_*. `bytes`: size of the cache; `reduced`: number of objects that it holds
  // only in part; `dropped`: number of objects that it does not hold at all.
  void set_cache(std::string_view resource, std::size_t bytes, std::size_t reduced,
                 std::size_t dropped);
  void set_contested_objects(std::size_t count);
  void restarted(const api::ResourceType& type, kube::RestartReason reason) override;
  void malformed(const api::ResourceType& type) override;

  // While a Collector exists, serialize() first calls `collect`, which sets the metrics that are
  // computed only for a scrape. The Metrics must outlive the Collector.
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

  // Returns all metrics in the Prometheus text format 0.0.4. Reads the process_* metrics from
  // /proc.
  std::string serialize();

 private:
  struct Series;

  std::list<std::function<void()>> collectors_;
  std::unique_ptr<Series> series_;
};

}  // namespace app
