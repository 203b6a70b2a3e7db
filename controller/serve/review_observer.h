// The admission webhook (serve/endpoints/admission.h) reports its requests to a ReviewObserver. The
// owner of the server implements it, for example for metrics. Used on the thread of the io_context
// only.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/clock.h"

namespace serve {

// The functions of a ReviewObserver do nothing unless overridden. None of them may throw.
class ReviewObserver {
 public:
  ReviewObserver() = default;
  ReviewObserver(const ReviewObserver&) = delete;
  ReviewObserver& operator=(const ReviewObserver&) = delete;
  virtual ~ReviewObserver() = default;

  // A route for reviews with this path was created.
  virtual void serve_webhook(std::string_view /*path*/) {}
  // A request to the path was answered with the HTTP status `code` after the time `took`.
  virtual void webhook_answered(std::string_view /*path*/, int /*code*/,
                                base::Clock::Duration /*took*/) {}
  // A pod was reviewed. `result`: "rewritten", …; `images`: number of rewritten images.
  virtual void pod_reviewed(std::string_view /*result*/, std::size_t /*images*/) {}
};

}  // namespace serve
