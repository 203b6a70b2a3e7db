// Generator makes texts that are references to images, or nearly so. Equal seeds give equal texts
// on every machine. Not thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>

namespace references {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // Returns any bytes, at most a few thousand.
  std::string next();

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool once_in(std::uint64_t times) { return below(times) == 0; }
  std::string_view pick(std::initializer_list<std::string_view> words);
  std::string some(std::string_view alphabet, std::uint64_t length);

  std::string host();
  std::string ipv6();
  std::string port();
  std::string component();
  std::string path();
  std::string tag();
  std::string digest();
  std::string reference();
  std::string path_of_length(std::uint64_t length);
  std::string near_a_length_bound();
  std::string near_an_identifier();
  void mutate(std::string& text);

  std::mt19937_64 random_;
  std::string last_;  // now and then a part of it is spliced into the next text
};

}  // namespace references
