// Tells after each test which mutants it reached. Linked into the programs of the unit tests.
#include <gtest/gtest.h>

#include <string>

#include "mutants.h"

namespace mutants {
namespace {

class Listener : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo& test) override {
    const std::string name = std::string(test.test_suite_name()) + "." + test.name();
    write_reached(name.c_str(), static_cast<long>(test.result()->elapsed_time()));
  }
};

const bool added = [] {
  write_after_each_test();
  testing::UnitTest::GetInstance()->listeners().Append(new Listener);  // which owns it
  return true;
}();

}  // namespace
}  // namespace mutants
