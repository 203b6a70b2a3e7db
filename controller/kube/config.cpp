#include "kube/config.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <cerrno>
#include <cstring>

#include "base/limits.h"
#include "kube/kubeconfig.h"
#include "kube/text.h"

namespace kube {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

std::string with_brackets(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

base::Error invalid(std::string message) { return {base::ErrorCode::kInvalid, std::move(message)}; }

struct Address {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;
};

// What a server's and a proxy's URL have in common.
base::Result<Address> parse_address(const boost::urls::url_view& url) {
  Address address;
  using boost::urls::scheme;
  if (url.scheme_id() != scheme::http && url.scheme_id() != scheme::https) {
    return invalid("expected a URL that begins with https:// or http://");
  }
  address.tls = url.scheme_id() == scheme::https;
  address.host = url.host_address();
  address.port = address.tls ? kHttpsPort : kHttpPort;
  if (address.host.empty()) return invalid("the URL has no host");
  if (url.has_port() && !url.port().empty()) {
    if (url.port_number() == 0) return invalid("the port of the URL is not between 1 and 65535");
    address.port = url.port_number();
  }
  // Boost 1.81 takes "host:80x" for port 80 and the path "x".
  if (!url.encoded_path().empty() && url.encoded_path().front() != '/') {
    return invalid("the port of the URL is not a number");
  }
  if (url.has_query() || url.has_fragment()) {
    return invalid("the URL has a query or a fragment");
  }
  return address;
}

// A closed file descriptor is the one thing that nobody forgets.
class File {
 public:
  explicit File(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

EnvironmentVariables process_environment() {
  EnvironmentVariables environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::string ServerUrl::authority() const {
  const std::string shown = with_brackets(host);
  return port == (tls ? kHttpsPort : kHttpPort) ? shown : fmt::format("{}:{}", shown, port);
}

std::string ServerUrl::text() const {
  return fmt::format("{}://{}{}", tls ? "https" : "http", authority(), base_path);
}

std::string ProxyUrl::shown() const {
  return fmt::format("{}://{}:{}", tls ? "https" : "http", with_brackets(host), port);
}

base::Result<ServerUrl> parse_server_url(std::string_view text) {
  const auto url = boost::urls::parse_uri({text.data(), text.size()});
  if (!url) return invalid("not a URL such as https://host:6443");
  const auto address = parse_address(*url);
  if (!address) return address.error();
  if (url->has_userinfo()) return invalid("the URL holds a user name; users have their own field");
  ServerUrl server{address->tls, address->host, address->port, std::string(url->encoded_path())};
  while (!server.base_path.empty() && server.base_path.back() == '/') server.base_path.pop_back();
  return server;
}

base::Result<ProxyUrl> parse_proxy_url(std::string_view text) {
  const auto url = boost::urls::parse_uri({text.data(), text.size()});
  if (!url) return invalid("not a URL such as http://proxy:3128");
  if (url->scheme() == "socks5" || url->scheme() == "socks5h") {
    return invalid("SOCKS proxies are not supported, only http:// and https://");
  }
  const auto address = parse_address(*url);
  if (!address) return address.error();
  ProxyUrl proxy{address->tls, address->host, address->port, {}, {}};
  if (url->has_userinfo()) {
    proxy.user = url->user();
    proxy.password = url->password();
  }
  return proxy;
}

base::Result<std::string> read_credential_file(const std::string& path) {
  const auto failed = [&](int why) {
    const auto code =
        why == ENOENT || why == ENOTDIR ? base::ErrorCode::kNotFound : base::ErrorCode::kInvalid;
    return base::Error{code, fmt::format("cannot read {}: {}", path, std::strerror(why))};
  };
  const File file(path);
  if (file.descriptor() < 0) return failed(errno);
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0) return failed(errno);
  if (S_ISDIR(status.st_mode)) return failed(EISDIR);
  std::string content(limits::kCredentialBytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(file.descriptor(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limits::kCredentialBytes) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("{} has more than {} bytes", path, limits::kCredentialBytes)};
  }
  return content.substr(0, size);
}

base::Result<ClientConfig> in_cluster_config(const EnvironmentVariables& environment,
                                             const std::string& folder) {
  const std::string host = variable(environment, "KUBERNETES_SERVICE_HOST");
  const std::string port = variable(environment, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return base::Error{base::ErrorCode::kNotFound,
                       "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not "
                       "set"};
  }
  ClientConfig config;
  const auto server = parse_server_url("https://" + with_brackets(host) + ":" + port);
  if (!server) {
    return invalid("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: " +
                   server.error().message);
  }
  config.server = *server;
  config.token_file = folder + "/token";
  config.ca.file = folder + "/ca.crt";
  for (const std::string& file : {config.token_file, config.ca.file}) {
    const auto content = read_credential_file(file);
    if (!content) return invalid("service account: " + content.error().message);
  }
  if (const auto name = read_credential_file(folder + "/namespace"); name) {
    config.namespace_name = trimmed(*name);
  }
  const auto proxy = proxy_from_environment(config.server, environment);
  if (!proxy) return proxy.error();
  config.proxy = *proxy;
  config.origin = "in-cluster";
  return config;
}

base::Result<ClientConfig> load_config(const ConfigChoice& choice,
                                       const EnvironmentVariables& environment) {
  std::string why_not_in_cluster;
  if (choice.kubeconfig.empty() && choice.context.empty()) {
    auto config = in_cluster_config(environment, choice.service_account_folder);
    if (config) return config;
    if (config.error().code == base::ErrorCode::kInvalid) {
      why_not_in_cluster = config.error().message;
    }
  }
  auto config = load_kubeconfig({choice.kubeconfig, choice.context}, environment);
  if (!config && config.error().code == base::ErrorCode::kNotFound && !why_not_in_cluster.empty()) {
    return invalid(why_not_in_cluster);
  }
  return config;
}

}  // namespace kube
