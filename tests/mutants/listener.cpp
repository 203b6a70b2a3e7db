// Tells after each test which mutants it reached, and how much processor time it took. Linked into
// the programs of the unit tests.
#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "mutants.h"

namespace mutants {
namespace {

class Listener : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { begin_ = std::clock(); }

  void OnTestEnd(const testing::TestInfo& test) override {
    const std::string name = std::string(test.test_suite_name()) + "." + test.name();
    const std::clock_t spent = std::clock() - begin_;
    write_reached(name.c_str(), static_cast<long>(spent / (CLOCKS_PER_SEC / 1000)));
  }

  std::clock_t begin_ = 0;
};

const bool added = [] {
  write_after_each_test();
  testing::UnitTest::GetInstance()->listeners().Append(new Listener);  // which owns it
  return true;
}();

}  // namespace
}  // namespace mutants
