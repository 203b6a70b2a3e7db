// Names for tests: while a FakeDns lives, getaddrinfo knows its names and, but for numbers, no
// others. One at a time. Lookups come from Asio's own thread: any thread.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace fake_dns {

inline constexpr std::chrono::seconds kLongestHang{30};

using Addresses = std::vector<std::string>;
using Names = std::map<std::string, Addresses>;  // the addresses in the order they are given in

class FakeDns {
 public:
  explicit FakeDns(Names names);
  ~FakeDns();
  FakeDns(const FakeDns&) = delete;
  FakeDns& operator=(const FakeDns&) = delete;

  // The answers that the name gives one after the other; the last one is given for ever.
  void then(const std::string& name, Addresses addresses);

  // A look-up of the name takes until release(), kLongestHang at most, and finds what it would
  // find at once.
  void hang(const std::string& name);
  void release();  // also when it goes

  // What was looked up so far, numbers excluded.
  std::vector<std::string> lookups() const;
};

}  // namespace fake_dns
