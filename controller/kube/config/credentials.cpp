#include "kube/config/credentials.h"

#include <fmt/core.h>

#include "base/text/quote.h"
#include "base/text/text.h"
#include "kube/config/id_token.h"
#include "net/text.h"

namespace kube {

namespace asio = boost::asio;

Credentials::Credentials(const ClientConfig& config, base::Clock& clock, base::Logger& logger,
                         asio::any_io_executor executor, CredentialBounds bounds)
    : config_(config),
      clock_(clock),
      logger_(logger),
      executor_(std::move(executor)),
      bounds_(bounds),
      plugin_turn_(executor_, 1),
      token_(base::trimmed(config.token)) {}

base::Result<void> Credentials::load() {
  auto loaded = reload_files(true);
  loaded_ = clock_.now();
  return loaded;
}

bool Credentials::plugin_due() const {
  if (!config_.exec) return false;
  if (!plugin_result_) return true;
  return plugin_result_->expires && clock_.wall() >= *plugin_result_->expires;
}

base::Result<void> Credentials::check_id_token() const {
  if (!config_.id_token) return {};
  return check_valid(*config_.id_token, clock_.wall());
}

bool Credentials::fresh() const {
  return !plugin_due() && check_id_token() && clock_.now() - loaded_ < bounds_.reload;
}

base::Result<void> Credentials::read_pem(const Pem& pem, std::string_view what, std::string& text) {
  if (!pem.text.empty() || pem.file.empty()) {
    text = pem.text;
    return {};
  }
  auto content = read_credential_file(pem.file);
  if (!content) {
    return base::Error{base::ErrorCode::kInvalid,
                       fmt::format("{}: {}", what, content.error().message)};
  }
  text = std::move(*content);
  return {};
}

base::Result<void> Credentials::rebuild_tls(net::TlsSettings settings) {
  const bool wanted = config_.server.tls || (config_.proxy && config_.proxy->tls());
  if (!wanted || (identity_.tls && settings == tls_)) return {};
  auto context = net::TlsContext::make(settings);
  if (!context) return context.error();
  identity_.tls = std::move(*context);
  tls_ = std::move(settings);
  return {};
}

base::Result<void> Credentials::reload_files(bool first) {
  if (!config_.token_file.empty()) {
    const auto content = read_credential_file(config_.token_file);
    if (!content && (first && token_.empty())) {
      return base::Error{base::ErrorCode::kInvalid, "token: " + content.error().message};
    }
    if (!content) warn(content.error());
    const std::string token = content ? std::string(base::trimmed(*content)) : std::string();
    if (!net::fits_header(token)) {
      return base::Error{
          base::ErrorCode::kInvalid,
          fmt::format("{} has control characters", base::shown_path(config_.token_file))};
    }
    if (!token.empty()) token_ = token;
  }
  net::TlsSettings settings = tls_;
  settings.insecure = config_.insecure_skip_tls_verify;
  if (auto read = read_pem(config_.ca, "CA", settings.ca); !read) return read;
  // A certificate from the plugin wins over the files.
  if (!plugin_result_ || plugin_result_->certificate.empty()) {
    if (auto read =
            read_pem(config_.client_certificate, "client certificate", settings.certificate);
        !read) {
      return read;
    }
    if (auto read = read_pem(config_.client_key, "client key", settings.key); !read) return read;
  }
  update_authorization();
  return rebuild_tls(std::move(settings));
}

void Credentials::update_authorization() {
  const bool from_plugin = plugin_result_ && !plugin_result_->token.empty();
  const std::string& token = from_plugin ? plugin_result_->token : token_;
  if (!token.empty()) {
    identity_.authorization = "Bearer " + token;
  } else if (!config_.username.empty() || !config_.password.empty()) {
    identity_.authorization = net::basic_authorization(config_.username, config_.password);
  } else if (config_.id_token) {
    identity_.authorization = "Bearer " + config_.id_token->token;
  } else {
    identity_.authorization.clear();
  }
}

void Credentials::warn(const base::Error& error) {
  if (error.message == warned_) return;
  warned_ = error.message;
  logger_.warning("cannot reload the credentials; the previous ones stay in use",
                  {{"reason", error.message}});
}

asio::awaitable<base::Result<void>> Credentials::refresh() {
  if (clock_.now() - loaded_ >= bounds_.reload) {
    loaded_ = clock_.now();
    if (const auto loaded = reload_files(false); loaded) {
      warned_.clear();
    } else {
      warn(loaded.error());
    }
  }
  if (const auto valid = check_id_token(); !valid) co_return valid;
  if (!plugin_due()) co_return base::Result<void>();
  auto running = run_plugin();
  const auto ran = co_await std::move(running);
  co_return ran;
}

base::Result<void> Credentials::adopt(ExecCredential credential) {
  net::TlsSettings settings = tls_;
  if (!credential.certificate.empty()) {
    settings.certificate = credential.certificate;
    settings.key = credential.key;
  }
  if (auto built = rebuild_tls(std::move(settings)); !built) {
    return plugin_error(*config_.exec, base::ErrorCode::kMalformed, built.error().message);
  }
  plugin_result_ = std::move(credential);
  update_authorization();
  return {};
}

asio::awaitable<base::Result<void>> Credentials::run_plugin() {
  auto acquiring = plugin_turn_.acquire(std::chrono::steady_clock::now() + bounds_.plugin_timeout);
  const auto turn = co_await std::move(acquiring);
  if (!turn) {
    co_return plugin_error(*config_.exec, base::ErrorCode::kTimeout,
                           "an earlier run has not ended in time");
  }
  if (!plugin_due()) co_return base::Result<void>();
  if (plugin_failure_ && clock_.now() - plugin_failed_ < bounds_.plugin_retry) {
    co_return *plugin_failure_;
  }
  ExecCluster cluster{config_.server.text(), config_.tls_server_name,
                      config_.insecure_skip_tls_verify, tls_.ca,
                      config_.proxy ? config_.proxy->shown() : std::string()};
  auto running =
      run_exec_plugin(*config_.exec, std::move(cluster), bounds_.plugin_timeout, executor_);
  auto credential = co_await std::move(running);
  plugin_failure_.reset();
  if (!credential) {
    plugin_failure_ = credential.error();
  } else if (const auto adopted = adopt(std::move(*credential)); !adopted) {
    plugin_failure_ = adopted.error();
  }
  if (!plugin_failure_) co_return base::Result<void>();
  plugin_failed_ = clock_.now();
  co_return *plugin_failure_;
}

asio::awaitable<bool> Credentials::refused(std::string authorization) {
  // Another request may have renewed the identity in the meantime.
  if (authorization != identity_.authorization) co_return true;
  if (config_.token_file.empty() && !config_.exec) co_return false;
  const auto now = clock_.now();
  if (refused_ != base::Clock::Instant{} && now - refused_ < bounds_.reload) co_return false;
  refused_ = now;
  loaded_ = now - bounds_.reload;
  const std::shared_ptr<net::TlsContext> tls = identity_.tls;
  plugin_result_.reset();
  auto refreshing = refresh();
  const auto refreshed = co_await std::move(refreshing);
  if (!refreshed) warn(refreshed.error());
  co_return refreshed && (identity_.authorization != authorization || identity_.tls != tls);
}

}  // namespace kube
