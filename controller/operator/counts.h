// Counts keeps a number for each name, such as the checks that run in each namespace. A name whose
// number is 0 takes no memory. Value; one thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace controller {

class Counts {
 public:
  // Returns the number of the name.
  std::size_t of(const std::string& name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? 0 : found->second;
  }

  // Returns the sum of all numbers.
  std::size_t total() const { return total_; }

  void add(const std::string& name, std::size_t number = 1) {
    if (number == 0) return;
    numbers_[name] += number;
    total_ += number;
  }

  // `number`: at most of(name).
  void remove(const std::string& name, std::size_t number = 1) {
    const auto found = numbers_.find(name);
    if (found == numbers_.end()) return;
    total_ -= number;
    found->second -= number;
    if (found->second == 0) numbers_.erase(found);
  }

 private:
  std::map<std::string, std::size_t> numbers_;
  std::size_t total_ = 0;
};

}  // namespace controller
