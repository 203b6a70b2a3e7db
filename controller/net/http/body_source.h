// A BodySource is the body of a request that is too large for memory: it is read in pieces while it
// is sent. A BodySource has one owner, outlives the request, and is used on the thread of the
// io_context only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"

namespace net {

class BodySource {
 public:
  BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;
  virtual ~BodySource() = default;

  virtual std::uint64_t size() const = 0;  // bytes of the whole body

  // Makes read() start from the beginning of the body. Called before each attempt to send it.
  virtual base::Result<void> rewind() = 0;

  // Reads the next bytes into the buffer and returns how many it has read; 0 only at the end.
  virtual base::Result<std::size_t> read(std::span<char> buffer) = 0;

  // The HTTP client calls sent() after it has written the next `bytes` bytes that read() returned
  // to the connection.
  virtual void sent(std::size_t bytes) = 0;
};

}  // namespace net
