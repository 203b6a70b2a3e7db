// The two ends of tests/references/run, with the oracle between them:
//   references strings COUNT SEED     prints texts, one per line, percent-encoded
//   references compare COUNT SEED     reads the oracle's verdicts on the same texts and compares
// Exit code 1 if a verdict differs, or if one of the two verdicts is too rare for a meaningful
// test.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "api/images/image_reference.h"
#include "references/generator.h"

namespace {

constexpr std::uint64_t kLeastShare = 5;         // at least 1/5 accepted and 1/5 refused
constexpr std::uint64_t kSmallestSample = 1000;  // texts; with fewer the shares are not checked
constexpr std::uint64_t kShown = 20;             // differences that are printed at most

std::string encoded(const std::string& text) {
  std::string out;
  for (const char character : text) {
    const bool plain = (character >= 'a' && character <= 'z') ||
                       (character >= 'A' && character <= 'Z') ||
                       (character >= '0' && character <= '9') || character == '.' ||
                       character == '-' || character == '_' || character == '/';
    if (plain) {
      out += character;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(character));
    }
  }
  return out;
}

int print_strings(std::uint64_t count, std::uint64_t seed) {
  references::Generator generator(seed);
  for (std::uint64_t i = 0; i < count; ++i) std::cout << encoded(generator.next()) << '\n';
  return std::cout.flush() ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Returns what the oracle would print for the text, without the reason of a refusal.
std::string verdict(const std::string& text) {
  const auto parsed = api::parse_image_reference(text);
  if (!parsed) return "!";
  const std::string canonical = to_string(*parsed);
  const auto again = api::parse_image_reference(canonical);
  if (!again || *again != *parsed) return "not the same when read again";
  return fmt::format("= {}\t{}\t{}\t{}\t{}", parsed->domain, parsed->path, parsed->tag,
                     parsed->digest, canonical);
}

int compare(std::uint64_t count, std::uint64_t seed) {
  references::Generator generator(seed);
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t different = 0;
  std::string line;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string text = generator.next();
    if (!std::getline(std::cin, line)) {
      std::cerr << fmt::format("the oracle ended after {} of {} texts\n", i, count);
      return EXIT_FAILURE;
    }
    const std::string expected = line.starts_with("! ") ? "!" : line;
    ++(expected == "!" ? refused : accepted);
    const std::string own = verdict(text);
    if (own == expected || ++different > kShown) continue;
    std::cerr << fmt::format("different: {}\n  Docker: {}\n  here:   {}\n", encoded(text), line,
                             own);
  }
  std::cout << fmt::format("{} references, seed {}: {} accepted, {} refused, {} different\n", count,
                           seed, accepted, refused, different);
  if (count < kSmallestSample) return different == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  if (accepted * kLeastShare < count || refused * kLeastShare < count) {
    std::cerr << "too few accepted or refused\n";
    return EXIT_FAILURE;
  }
  return different == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::string mode = argc == 4 ? argv[1] : "";
  if (mode != "strings" && mode != "compare") {
    std::cerr << "usage: references strings|compare COUNT SEED\n";
    return 2;
  }
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t seed = std::strtoull(argv[3], nullptr, 10);
  return mode == "strings" ? print_strings(count, seed) : compare(count, seed);
}
