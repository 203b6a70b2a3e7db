// Fuzz target for kubeconfig files. An error is one short line without a word of a password, token
// or key, even after an open quote. A file that is accepted gives the same result when it is read
// again. Lines such as "token: abc" mark which words are secret.
#include "kube/config/kubeconfig.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/property.h"
#include "json/text/yaml.h"

namespace {

constexpr std::size_t kShortWord = 8;
constexpr std::string_view kSecretFields[] = {
    "token:", "password:", "client-key-data:", "client-certificate-data:",
    "value:", "id-token:", "refresh-token:",   "client-secret:",
};

// Returns a file in memory for the input. Its descriptor, and so its name, is the same in each run,
// because the fuzzer uses compared texts in new inputs.
int file() {
  static const int kFile = ::memfd_create("kubeconfig", MFD_CLOEXEC);
  fuzz::require(kFile >= 0, "there is a file in memory");
  return kFile;
}

const std::string& file_name() {
  static const std::string kName = "/proc/self/fd/" + std::to_string(file());
  return kName;
}

void write_file(std::string_view text) {
  const bool written =
      ::ftruncate(file(), 0) == 0 &&
      ::pwrite(file(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  fuzz::require(written, "the input can be written");
}

struct Parts {
  std::string secret;  // lines that begin with the name of a secret field, without that name
  std::string open;    // all other lines
};

Parts parts_of(std::string_view text) {
  Parts parts;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line.remove_prefix(std::min(line.find_first_not_of(" -"), line.size()));
    std::string* part = &parts.open;
    for (const std::string_view field : kSecretFields) {
      if (!line.starts_with(field)) continue;
      part = &parts.secret;
      line.remove_prefix(field.size());
    }
    *part += line;
    *part += '\n';
  }
  return parts;
}

bool is_word(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_' || character == '=';
}

void check_silent(const base::Error& error, std::string_view text) {
  fuzz::require_short_line(error.message);
  const Parts parts = parts_of(text);
  std::size_t begin = 0;
  for (std::size_t at = 0; at < parts.secret.size(); ++at) {
    if (is_word(parts.secret[at])) continue;
    const std::string word = parts.secret.substr(begin, at - begin);
    begin = at + 1;
    if (word.size() < kShortWord || parts.open.find(word) != std::string::npos) continue;
    // These words occur in messages and in the names of fields, so they are not secret.
    static const std::string kOwn =
        "insecure-skip-tls-verify certificate-authority-data client-certificate-data "
        "client-key-data impersonate current-context apiVersion tokenFile auth-provider "
        "interactiveMode control characters Kubernetes supported sequence expected document "
        "alphanumeric character defined anchor scalar mapping indentation recursion boolean "
        "integer hexadecimal directive duplicate FieldValueTypeInvalid clusters contexts "
        // The following words are yaml-cpp's.
        "appending argument conversion dereference indicator inserting iterator multiple "
        "referenced repeated scanning unexpected unmatched verbatim ";
    if (kOwn.find(word) != std::string::npos) continue;
    fuzz::require(error.message.find(word) == std::string::npos, "no error tells a secret");
  }
}

// A YAML key on one line has at most 1024 characters, and JSON writes some characters as six.
bool may_have_a_long_key(std::string_view json) {
  constexpr std::size_t kLongest = 1024;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (json[at] != '"') continue;
    if (at - begin > kLongest) return true;
    begin = at;
  }
  return false;
}

base::Result<kube::ClientConfig> load(std::string_view text) {
  write_file(text);
  kube::KubeconfigChoice choice;
  choice.file = file_name();
  return kube::load_kubeconfig(choice, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto config = load(text);
  if (!config) check_silent(config.error(), text);
  if (const auto names = kube::context_names(file_name(), {}); !names) {
    check_silent(names.error(), text);
  }
  const auto json = json::from_yaml(text);
  if (!config || !json || may_have_a_long_key(*json)) return 0;
  // JSON is a subset of YAML, so the file can be written as JSON.
  const auto again = load(*json);
  fuzz::require(again.has_value(), "as JSON the file is as good");
  fuzz::require(*again == *config, "as JSON the file says the same");
  return 0;
}
