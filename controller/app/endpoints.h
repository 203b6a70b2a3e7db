// The HTTP servers of the operator: health, metrics and, unless it is off, the webhook.
//
// One owner, which outlives the servers' runs. Used on the thread of the io_context only.
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

  // Listens on the addresses of the options. kInvalid, with the failed address and the reason;
  // `flag` then has the name of its flag.
  base::Result<void> bind(const Options& options, std::string& flag);

  // Adds the servers that listen to the manager of the program. The webhook runs past the stop,
  // because the API server calls this pod until it learns that the pod is terminating.
  void add_to(Manager& manager);

  // Has the webhook close its connections one after the other, so that the API server connects to
  // another replica. Returns how long the webhook must serve from now on; 0 without a webhook.
  base::Clock::Duration drain();

 private:
  serve::HttpServer health_;
  serve::HttpServer metrics_;
  std::unique_ptr<serve::HttpServer> webhook_;  // null: it is off
};

}  // namespace app
