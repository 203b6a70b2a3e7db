// FakeDns resolves names for tests. While one exists, getaddrinfo() knows its names and IP
// addresses only. At most one may exist. Lookups come from Asio's resolver thread; any thread.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace fake_dns {

inline constexpr std::chrono::seconds kLongestHang{30};

using Addresses = std::vector<std::string>;
using Names = std::map<std::string, Addresses>;  // addresses in the order of the answer

class FakeDns {
 public:
  explicit FakeDns(Names names);
  ~FakeDns();
  FakeDns(const FakeDns&) = delete;
  FakeDns& operator=(const FakeDns&) = delete;

  // Adds a later answer for the name. Each lookup takes the next answer; the last one repeats.
  void then(const std::string& name, Addresses addresses);

  // Delays lookups of the name until release(), at most kLongestHang. They find the usual answer
  // then.
  void hang(const std::string& name);
  void release();  // the destructor calls it, too

  // Returns the names that were looked up so far, without IP addresses.
  std::vector<std::string> lookups() const;
};

}  // namespace fake_dns
