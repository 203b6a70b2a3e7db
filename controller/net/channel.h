// A pair of byte streams over one socket that never blocks: plain, or TLS over another channel.
// Has one owner (the Connection); one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace net {

enum class Progress {
  kDone,       // some bytes moved
  kWantRead,   // nothing moved: again when the socket is readable
  kWantWrite,  // … writable
  kEnd,        // the peer has ended its side in an orderly way
  kFailed,     // see error; the channel is of no more use
};

struct Step {
  Progress progress = Progress::kDone;
  std::size_t bytes = 0;
  base::Error error = {};
};

class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;

  virtual Step read(std::span<char> buffer) = 0;
  virtual Step write(std::string_view bytes) = 0;

  // True when the peer has sent nothing and ended nothing: an idle connection is still good.
  virtual bool quiet() = 0;

  // Bytes that the kernel took so far, those of lower channels only.
  virtual std::uint64_t written() const = 0;
};

// Over a non-blocking socket, which the caller owns and closes after the channel is gone.
class SocketChannel final : public Channel {
 public:
  explicit SocketChannel(int descriptor) : descriptor_(descriptor) {}

  Step read(std::span<char> buffer) override;
  Step write(std::string_view bytes) override;
  bool quiet() override;
  std::uint64_t written() const override { return written_; }

 private:
  int descriptor_;
  std::uint64_t written_ = 0;
};

}  // namespace net
