// The HTTP servers of the operator: health, metrics and webhook. Flags switch them off one by one.
//
// One owner, which outlives the run of the Manager. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "app/options.h"
#include "app/program.h"
#include "serve/http_server.h"

namespace app {

class Endpoints {
 public:
  // `program`, `clock` and `logger` must outlive the endpoints.
  Endpoints(boost::asio::any_io_executor executor, Program& program, base::Clock& clock,
            base::Logger& logger, const Options& options);

  // Listens on the addresses in the options. On failure, returns kInvalid with the address and the
  // reason, and sets `flag` to the name of the flag that has the address.
  base::Result<void> bind(const Options& options, std::string& flag);

  // Adds each server that bind() started to `manager`. The webhook continues to run for the drain
  // time after Manager::stop(), because the API server calls this pod until it learns that the pod
  // is terminating.
  void add_to(Manager& manager);

  // Starts the drain of the webhook: from now on, each answer closes its connection, so that the
  // API server connects to another replica. Returns how long the webhook must still serve; 0
  // without a webhook.
  base::Clock::Duration drain();

 private:
  serve::HttpServer health_;
  serve::HttpServer metrics_;
  std::unique_ptr<serve::HttpServer> webhook_;  // null: it is off
};

}  // namespace app
