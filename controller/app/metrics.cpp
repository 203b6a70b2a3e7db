#include "app/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <utility>

#include "base/limits.h"
#include "runtime/process.h"

namespace app {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using runtime::ReconcileOutcome;
using Buckets = Histogram::BucketBoundaries;

constexpr const char* kController = "localregistry";
constexpr const char* kLease = "local-registry-operator";
constexpr const char* kOther = "other";

// Buckets of controller-runtime's ReconcileTime, in seconds.
const Buckets& reconcile_buckets() {
  static const Buckets buckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3,  0.35,
                                  0.4,   0.45, 0.5,   0.6,  0.7, 0.8,  0.9, 1.0,  1.25, 1.5,
                                  1.75,  2.0,  2.5,   3.0,  3.5, 4.0,  4.5, 5,    6,    7,
                                  8,     9,    10,    15,   20,  25,   30,  40,   50,   60};
  return buckets;
}

// Buckets of client-go's workqueue histograms, in seconds: ExponentialBuckets(10e-9, 10, 12).
const Buckets& queue_buckets() {
  static const Buckets buckets = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};
  return buckets;
}

// Buckets in seconds, from the microseconds that a review takes to the seconds after which the API
// server gives up.
const Buckets& webhook_buckets() {
  static const Buckets buckets = {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3,
                                  0.01, 0.025,  0.05, 0.1,  0.25,   0.5,  1,    2.5};
  return buckets;
}

double seconds(Metrics::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Returns a label value from outside as printable ASCII of bounded length. Prometheus refuses a
// whole scrape for one byte that is not UTF-8.
std::string label(std::string_view value) {
  std::string text(value.substr(0, limits::kLabelBytes));
  for (char& character : text) {
    if (character < ' ' || character > '~') character = '?';
  }
  return text;
}

// The counters of one metric: one for each combination of label values, up to
// limits::kMetricSeries, and one labelled "other" for all further combinations.
class CounterTable {
 public:
  CounterTable(Family<Counter>& family, std::vector<std::string> names)
      : family_(family), names_(std::move(names)) {}

  Counter& at(std::vector<std::string> values) {
    if (const auto found = counters_.find(values); found != counters_.end()) {
      return *found->second;
    }
    if (counters_.size() >= limits::kMetricSeries) values.assign(names_.size(), kOther);
    Labels labels;
    for (std::size_t i = 0; i < names_.size(); ++i) labels[names_[i]] = label(values[i]);
    Counter& counter = family_.Add(labels);
    if (counters_.size() < limits::kMetricSeries) counters_.emplace(std::move(values), &counter);
    return counter;
  }

 private:
  Family<Counter>& family_;
  std::vector<std::string> names_;
  std::map<std::vector<std::string>, Counter*> counters_;
};

Family<Counter>& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Histogram>& histogram(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// Returns the label value of a status code. As in client-go, a request without an answer has the
// code "<error>".
std::string code_text(int code) { return code == 0 ? "<error>" : std::to_string(code); }

struct ControllerSeries {
  explicit ControllerSeries(prometheus::Registry& registry);

  Labels labels{{"controller", kController}};
  std::map<ReconcileOutcome, Counter*> total;
  Counter& errors;
  Counter& panics;
  Counter& timeouts;
  Histogram& time;
  Gauge& active;
  Gauge& max;
};

ControllerSeries::ControllerSeries(prometheus::Registry& registry)
    : errors(counter(registry, "controller_runtime_reconcile_errors_total",
                     "Total number of reconciliation errors per controller")
                 .Add(labels)),
      panics(counter(registry, "controller_runtime_reconcile_panics_total",
                     "Total number of reconciliations that threw an exception")
                 .Add(labels)),
      timeouts(counter(registry, "controller_runtime_reconcile_timeouts_total",
                       "Total number of reconciliations that were cancelled for taking too long")
                   .Add(labels)),
      time(histogram(registry, "controller_runtime_reconcile_time_seconds",
                     "Length of time per reconciliation per controller")
               .Add(labels, reconcile_buckets())),
      active(gauge(registry, "controller_runtime_active_workers",
                   "Number of currently used workers per controller")
                 .Add(labels)),
      max(gauge(registry, "controller_runtime_max_concurrent_reconciles",
                "Maximum number of concurrent reconciles per controller")
              .Add(labels)) {
  Family<Counter>& family = counter(registry, "controller_runtime_reconcile_total",
                                    "Total number of reconciliations per controller");
  for (const auto& [outcome, name] : {std::pair{ReconcileOutcome::kSuccess, "success"},
                                      std::pair{ReconcileOutcome::kRequeueAfter, "requeue_after"},
                                      std::pair{ReconcileOutcome::kRequeue, "requeue"},
                                      std::pair{ReconcileOutcome::kError, "error"}}) {
    total[outcome] = &family.Add({{"controller", kController}, {"result", name}});
  }
}

struct QueueSeries {
  explicit QueueSeries(prometheus::Registry& registry);

  Labels labels{{"name", kController}};
  Gauge& depth;
  Counter& adds;
  Counter& retries;
  Histogram& queue_duration;
  Histogram& work_duration;
  Gauge& unfinished;
  Gauge& longest;
};

QueueSeries::QueueSeries(prometheus::Registry& registry)
    : depth(gauge(registry, "workqueue_depth", "Current depth of workqueue").Add(labels)),
      adds(counter(registry, "workqueue_adds_total", "Total number of adds handled by workqueue")
               .Add(labels)),
      retries(counter(registry, "workqueue_retries_total",
                      "Total number of retries handled by workqueue")
                  .Add(labels)),
      queue_duration(histogram(registry, "workqueue_queue_duration_seconds",
                               "How long in seconds an item stays in workqueue before being "
                               "requested")
                         .Add(labels, queue_buckets())),
      work_duration(histogram(registry, "workqueue_work_duration_seconds",
                              "How long in seconds processing an item from workqueue takes.")
                        .Add(labels, queue_buckets())),
      unfinished(gauge(registry, "workqueue_unfinished_work_seconds",
                       "How many seconds of work is in progress and has not been observed by "
                       "work_duration. Large values indicate stuck workers.")
                     .Add(labels)),
      longest(gauge(registry, "workqueue_longest_running_processor_seconds",
                    "How many seconds has the longest running processor for workqueue been "
                    "running.")
                  .Add(labels)) {}

struct WebhookSeries {
  explicit WebhookSeries(prometheus::Registry& registry);

  CounterTable requests;
  Family<Histogram>& latency;
  CounterTable reviews;
  Counter& images;
  Family<Gauge>& expiry;
};

WebhookSeries::WebhookSeries(prometheus::Registry& registry)
    : requests(counter(registry, "controller_runtime_webhook_requests_total",
                       "Total number of admission requests by HTTP status code."),
               {"webhook", "code"}),
      latency(histogram(registry, "controller_runtime_webhook_latency_seconds",
                        "Histogram of the latency of processing admission requests")),
      reviews(counter(registry, "localregistry_webhook_reviews_total",
                      "Number of pods that the webhook reviewed, by outcome"),
              {"result"}),
      images(counter(registry, "localregistry_webhook_images_rewritten_total",
                     "Number of image references that the webhook rewrote to a local registry")
                 .Add({})),
      expiry(gauge(registry, "localregistry_webhook_certificate_expiry_timestamp_seconds",
                   "Expiry time of the webhook's certificate, in seconds since the epoch")) {}

}  // namespace

struct Metrics::Series {
  explicit Series(std::string_view version);

  prometheus::Registry registry;
  ControllerSeries controller;
  QueueSeries queue;
  CounterTable requests;
  CounterTable watch_restarts;
  CounterTable malformed;
  WebhookSeries webhook;
  Family<Gauge>& leader;
  Family<Gauge>& resources;
  Family<Gauge>& cache_bytes;
  Family<Gauge>& cache_reduced;
  Family<Gauge>& cache_dropped;
  Gauge& contested;
  std::map<std::pair<std::string, std::string>, Gauge*> resource_gauges;
};

Metrics::Series::Series(std::string_view version)
    : controller(registry),
      queue(registry),
      requests(counter(registry, "rest_client_requests_total",
                       "Number of HTTP requests, partitioned by status code, method, and host."),
               {"code", "method", "host"}),
      watch_restarts(counter(registry, "localregistry_watch_restarts_total",
                             "Number of watches that were restarted, by resource and reason"),
                     {"resource", "reason"}),
      malformed(
          counter(registry, "localregistry_malformed_objects_total",
                  "Number of objects that could not be decoded and were skipped, by resource"),
          {"resource"}),
      webhook(registry),
      leader(gauge(registry, "leader_election_master_status",
                   "Gauge of if the reporting system is master of the relevant lease, 0 indicates "
                   "backup, 1 indicates master. 'name' is the string used to identify the lease.")),
      resources(gauge(registry, "localregistry_resources",
                      "Number of LocalRegistry resources, by delivery and by the status of their "
                      "condition Ready")),
      cache_bytes(gauge(registry, "localregistry_cache_bytes",
                        "Memory used by the cached objects, by resource")),
      cache_reduced(gauge(registry, "localregistry_cache_reduced_objects",
                          "Number of objects that are cached only in part, because they, or all "
                          "objects of their namespace together, are too large, by resource")),
      cache_dropped(
          gauge(registry, "localregistry_cache_dropped_objects",
                "Number of objects that are not cached, because the cache is full, by resource")),
      contested(gauge(registry, "localregistry_contested_objects",
                      "Number of objects that the operator stopped healing, because another "
                      "client keeps changing a field that the operator manages")
                    .Add({})) {
  gauge(registry, "localregistry_build_info",
        "Version of the running program; the value is always 1")
      .Add({{"version", label(version)}})
      .Set(1);
}

Metrics::Metrics(std::string_view version) : series_(std::make_unique<Series>(version)) {}
Metrics::~Metrics() = default;

void Metrics::reconciled(ReconcileOutcome outcome, Duration took) {
  series_->controller.total[outcome]->Increment();
  series_->controller.time.Observe(seconds(took));
  if (outcome == ReconcileOutcome::kError) series_->controller.errors.Increment();
}

void Metrics::reconcile_panicked() { series_->controller.panics.Increment(); }
void Metrics::reconcile_timed_out() { series_->controller.timeouts.Increment(); }

void Metrics::set_active_workers(std::size_t workers) {
  series_->controller.active.Set(static_cast<double>(workers));
}

void Metrics::set_max_concurrent_reconciles(std::size_t workers) {
  series_->controller.max.Set(static_cast<double>(workers));
}

void Metrics::set_queue(const runtime::QueueState& state) {
  QueueSeries& queue = series_->queue;
  queue.depth.Set(static_cast<double>(state.depth));
  queue.adds.Increment(static_cast<double>(state.adds) - queue.adds.Value());
  queue.retries.Increment(static_cast<double>(state.retries) - queue.retries.Value());
  queue.unfinished.Set(seconds(state.unfinished_work));
  queue.longest.Set(seconds(state.longest_running));
}

void Metrics::key_taken(Duration waited) { series_->queue.queue_duration.Observe(seconds(waited)); }

void Metrics::key_done(Duration worked) { series_->queue.work_duration.Observe(seconds(worked)); }

void Metrics::request_answered(int code, std::string_view method, std::string_view host) {
  series_->requests.at({code_text(code), std::string(method), std::string(host)}).Increment();
}

void Metrics::set_leader(bool leader) {
  series_->leader.Add({{"name", kLease}}).Set(leader ? 1 : 0);
}

void Metrics::serve_webhook(std::string_view path) {
  for (const char* code : {"200", "500"}) series_->webhook.requests.at({std::string(path), code});
  series_->webhook.latency.Add({{"webhook", label(path)}}, webhook_buckets());
}

void Metrics::webhook_answered(std::string_view path, int code, Duration took) {
  series_->webhook.requests.at({std::string(path), std::to_string(code)}).Increment();
  series_->webhook.latency.Add({{"webhook", label(path)}}, webhook_buckets())
      .Observe(seconds(took));
}

void Metrics::pod_reviewed(std::string_view result, std::size_t images) {
  series_->webhook.reviews.at({std::string(result)}).Increment();
  series_->webhook.images.Increment(static_cast<double>(images));
}

void Metrics::set_webhook_certificate_expiry(std::chrono::seconds since_epoch) {
  series_->webhook.expiry.Add({}).Set(static_cast<double>(since_epoch.count()));
}

void Metrics::set_resources(const std::vector<controller::ResourceCount>& counts) {
  auto& gauges = series_->resource_gauges;
  for (auto& [labels, value] : gauges) value->Set(0);
  for (const controller::ResourceCount& count : counts) {
    std::pair<std::string, std::string> key(count.delivery, count.ready);
    if (!gauges.contains(key) && gauges.size() >= limits::kMetricSeries) key = {kOther, kOther};
    Gauge*& value = gauges[key];
    if (value == nullptr) {
      value =
          &series_->resources.Add({{"delivery", label(key.first)}, {"ready", label(key.second)}});
    }
    value->Increment(static_cast<double>(count.count));
  }
}

void Metrics::set_contested_objects(std::size_t count) {
  series_->contested.Set(static_cast<double>(count));
}

void Metrics::restarted(const api::ResourceType& type, kube::RestartReason reason) {
  series_->watch_restarts.at({std::string(type.plural), std::string(kube::name(reason))})
      .Increment();
}

void Metrics::set_cache(std::string_view resource, std::size_t bytes, std::size_t reduced,
                        std::size_t dropped) {
  const auto set = [&](Family<Gauge>& family, std::size_t value) {
    family.Add({{"resource", label(resource)}}).Set(static_cast<double>(value));
  };
  set(series_->cache_bytes, bytes);
  set(series_->cache_reduced, reduced);
  set(series_->cache_dropped, dropped);
}

void Metrics::malformed(const api::ResourceType& type) {
  series_->malformed.at({std::string(type.plural)}).Increment();
}

Metrics::Collector::Collector(Metrics& metrics, std::function<void()> collect)
    : metrics_(metrics),
      place_(metrics.collectors_.insert(metrics.collectors_.end(), std::move(collect))) {}

Metrics::Collector::~Collector() { metrics_.collectors_.erase(place_); }

std::string Metrics::serialize() {
  for (const auto& collect : collectors_) collect();
  std::vector<prometheus::MetricFamily> families = series_->registry.Collect();
  for (const runtime::ProcessValue& value : runtime::read_process()) {
    prometheus::MetricFamily family;
    family.name = value.name;
    family.help = value.help;
    family.type = value.counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    (value.counter ? metric.counter.value : metric.gauge.value) = value.value;
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace app
