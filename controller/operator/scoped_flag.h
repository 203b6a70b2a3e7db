// ScopedFlag sets a flag while a scope runs, also one that an exception ends. One owner; one
// thread.
#pragma once

namespace controller {

class ScopedFlag {
 public:
  // Sets the flag to `value`; the destructor sets it to false. `flag` must outlive the object.
  explicit ScopedFlag(bool& flag, bool value = true) : flag_(flag) { flag_ = value; }
  ~ScopedFlag() { flag_ = false; }
  ScopedFlag(const ScopedFlag&) = delete;
  ScopedFlag& operator=(const ScopedFlag&) = delete;

 private:
  bool& flag_;
};

}  // namespace controller
