// What the tests of the transport share: an io_context that is run until a coroutine is done, a
// folder for files, an authority and configurations for its servers.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "kube/https_transport.h"
#include "unit/kube/certificates.h"
#include "unit/kube/scripted_server.h"

namespace testing_tls {

namespace asio = boost::asio;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "kube-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }

  // Writes the file, as Kubernetes does: never half of it is to be seen.
  std::string write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name + ".new")) << content;
    std::filesystem::rename(path(name + ".new"), path(name));
    return path(name);
  }

  std::string script(const std::string& name, const std::string& content) const {
    const std::string file = write(name, "#!/bin/sh\n" + content);
    ::chmod(file.c_str(), 0755);
    return file;
  }

  std::string read(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::filesystem::path path_;
};

// The outcome of a coroutine that may be cancelled.
template <class T>
struct Started {
  asio::cancellation_signal cancel;
  std::optional<T> value;
  std::exception_ptr failure;
  bool done = false;
};

class TransportTest : public testing::Test {
 protected:
  template <class T>
  void start(asio::awaitable<T> work, Started<T>& started) {
    asio::co_spawn(io_, std::move(work),
                   asio::bind_cancellation_slot(started.cancel.slot(),
                                                [&started](std::exception_ptr failure, T value) {
                                                  started.done = true;
                                                  started.failure = failure;
                                                  if (!failure)
                                                    started.value.emplace(std::move(value));
                                                }));
  }

  template <class T>
  void finish(Started<T>& started) {
    io_.restart();
    while (!started.done) io_.run_one();
  }

  template <class T>
  T run(asio::awaitable<T> work) {
    Started<T> started;
    start(std::move(work), started);
    finish(started);
    if (started.failure) std::rethrow_exception(started.failure);
    return std::move(*started.value);
  }

  void run_for(std::chrono::milliseconds duration) {
    io_.restart();
    io_.run_for(duration);
  }

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

  static std::string failure_of(const std::exception_ptr& failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      return error.code() == asio::error::operation_aborted ? "cancelled" : error.what();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }

  static const Authority authority_;  // keys take time: one for all tests

  asio::io_context io_{1};
  base::SystemClock clock_;
  base::Logger logger_ = base::Logger::silent();
  kube::TransportBounds bounds_;
  TemporaryFolder folder_;
};

inline const Authority TransportTest::authority_{"test authority"};

}  // namespace testing_tls
