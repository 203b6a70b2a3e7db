// Which mutant is active, and which were reached. Linked into every program with mutants in it.
// One thread, that of the tests.
#include <cstdio>
#include <cstdlib>
#include <set>

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
  std::set<int> ever;
  std::set<int> now;
};

Reached& reached() {
  static Reached numbers;
  return numbers;
}

void record(int number) {
  const bool first = reached().ever.insert(number).second;
  reached().now.insert(number);
  if (at_once && first) write_reached("process", 0);
}

}  // namespace

void write_reached(const char* name, long milliseconds) {
  if (file_of_reached() == nullptr) return;
  std::FILE* file = std::fopen(file_of_reached(), "a");
  if (file == nullptr) std::abort();
  std::fprintf(file, "%s\t%ld", name, milliseconds);
  for (const int number : reached().now) std::fprintf(file, "\t%d", number);
  std::fprintf(file, "\n");
  std::fclose(file);
  reached().now.clear();
}

void write_after_each_test() { at_once = false; }

bool on(int number) noexcept {
  static const int active = number_of("LOCAL_REGISTRY_MUTANT");
  static const bool recording = file_of_reached() != nullptr;
  if (recording) record(number);
  return number == active;
}

}  // namespace mutants
