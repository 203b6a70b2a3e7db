// TransportTest is the fixture of the transport's tests: an io_context that runs until a coroutine
// is done, a folder for files, a certificate authority, and client configurations for its servers.
// Owned by one test; one thread.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "kube/https_transport.h"
#include "support/certificates.h"
#include "support/coroutine_test.h"
#include "support/scripted_server.h"
#include "support/temporary_folder.h"

namespace testing_tls {

namespace asio = boost::asio;

using support::Started;
using support::TemporaryFolder;

class TransportTest : public support::CoroutineTest {
 protected:
  kube::ClientConfig config_for(const ScriptedServer& server) const {
    kube::ClientConfig config;
    config.server = {true, "127.0.0.1", server.port(), ""};
    config.ca.text = authority_.pem();
    return config;
  }

  std::unique_ptr<kube::Transport> transport(kube::ClientConfig config) {
    auto made =
        kube::make_https_transport(std::move(config), clock_, logger_, io_.get_executor(), bounds_);
    if (!made) throw std::runtime_error(base::to_string(made.error()));
    return std::move(*made);
  }

  base::Result<kube::Response> get(kube::Transport& transport) {
    return run(transport.send(request(kube::Method::kGet)));
  }

  static kube::Request request(kube::Method method, std::string body = {}) {
    kube::Request request;
    request.method = method;
    request.target = "/api";
    if (!body.empty()) request.content_type = "application/json";
    request.body = std::move(body);
    request.timeout = 5s;
    return request;
  }

  static const Authority authority_;  // shared by all tests, because making keys takes time

  base::SystemClock clock_;
  base::Logger logger_ = base::Logger::silent();
  kube::TransportBounds bounds_;
  TemporaryFolder folder_;
};

inline const Authority TransportTest::authority_{"test authority"};

}  // namespace testing_tls
