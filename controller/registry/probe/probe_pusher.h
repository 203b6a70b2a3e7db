// A ProbePusher pushes the probe image of a round to a registry that the operator runs, and removes
// the images of earlier rounds.
//
// The registry has neither TLS nor credentials, and is reached by its Service. Its image was chosen
// by a tenant, so it may be hostile: no request goes to any other server. One owner, which
// outlives the pushes. Used on the thread of the io_context only. Virtual, so that tests of its
// callers can replace it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "registry/trust.h"

namespace registry {

class ProbePusher {
 public:
  // `clock` and `random` outlive the pusher. `clock` must be the real clock, which connections use
  // for their timeouts.
  ProbePusher(boost::asio::any_io_executor executor, base::Clock& clock, base::Random& random);
  ProbePusher(const ProbePusher&) = delete;
  ProbePusher& operator=(const ProbePusher&) = delete;
  virtual ~ProbePusher() = default;

  // Pushes the image as `registry`/`repository`:`round` and returns its digest. `registry`:
  // "HOST:PORT". `round`: see make_probe_image(). Errors as Uploader::push. Throws
  // boost::system::system_error (operation_aborted) when it is cancelled.
  virtual boost::asio::awaitable<base::Result<std::string>> push(std::string registry,
                                                                 std::string repository,
                                                                 std::string round);

  // Removes the manifest with that digest. Success also if the registry has no such manifest, or
  // allows no deletes (HTTP 404 and 405). Errors as RepositorySession::send; kUnavailable,
  // kMalformed: another status.
  virtual boost::asio::awaitable<base::Result<void>> remove(std::string registry,
                                                            std::string repository,
                                                            std::string digest);

 private:
  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  base::Random& random_;
  Trust trust_;
};

}  // namespace registry
