// Which mutant is active, and which were reached. Linked into every program with mutants in it.
// One thread, that of the tests.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "mutants.h"

namespace mutants {
namespace {

int number_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::atoi(text);
}

const char* file_of_reached() {
  static const char* const file = std::getenv("LOCAL_REGISTRY_MUTANTS_REACHED");
  return file;
}

// A program that forks and leaves by _exit has no end to wait for: it writes at once.
bool at_once = true;

struct Reached {
  std::vector<bool> ever;
  std::vector<bool> now;
  std::vector<int> numbers;  // that are set in now
};

Reached& reached() {
  static Reached all;
  return all;
}

bool set(std::vector<bool>& bits, int number) {
  const auto index = static_cast<std::size_t>(number);
  if (bits.size() <= index) bits.resize(index + 1);
  const bool was = bits[index];
  bits[index] = true;
  return !was;
}

void record(int number) {
  if (set(reached().now, number)) reached().numbers.push_back(number);
  if (set(reached().ever, number) && at_once) write_reached("process", 0);
}

}  // namespace

void write_reached(const char* name, long milliseconds) {
  if (file_of_reached() == nullptr) return;
  std::FILE* file = std::fopen(file_of_reached(), "a");
  if (file == nullptr) std::abort();
  std::fprintf(file, "%s\t%ld", name, milliseconds);
  for (const int number : reached().numbers) std::fprintf(file, "\t%d", number);
  std::fprintf(file, "\n");
  std::fclose(file);
  reached().now.clear();
  reached().numbers.clear();
}

void write_after_each_test() { at_once = false; }

bool on(int number) noexcept {
  static const int active = number_of("LOCAL_REGISTRY_MUTANT");
  static const bool recording = file_of_reached() != nullptr;
  if (recording) record(number);
  return number == active;
}

}  // namespace mutants
