// A Channel reads and writes bytes over one non-blocking socket: directly (SocketChannel), or with
// TLS over another channel (TlsChannel). A Channel belongs to one Connection and is used on one
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace net {

enum class IoStatus {
  kDone,       // some bytes moved
  kWantRead,   // nothing moved: try again when the socket is readable
  kWantWrite,  // nothing moved: try again when the socket is writable
  kEnd,        // the peer has closed its side in an orderly way
  kFailed,     // see IoResult::error; the channel cannot be used any more
};

struct IoResult {
  IoStatus status = IoStatus::kDone;
  std::size_t bytes = 0;
  base::Error error = {};
};

class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;

  virtual IoResult read(std::span<char> buffer) = 0;
  virtual IoResult write(std::string_view bytes) = 0;

  // Returns true when the peer has neither sent data nor closed its side: then an idle connection
  // can be used again.
  virtual bool is_reusable() = 0;

  // Returns how many bytes the kernel has accepted so far. A TLS channel counts encrypted bytes.
  virtual std::uint64_t written() const = 0;
};

// A SocketChannel reads and writes a non-blocking socket without TLS. The caller owns the socket
// and closes it after the channel is destroyed.
class SocketChannel final : public Channel {
 public:
  explicit SocketChannel(int descriptor) : descriptor_(descriptor) {}

  IoResult read(std::span<char> buffer) override;
  IoResult write(std::string_view bytes) override;
  bool is_reusable() override;
  std::uint64_t written() const override { return written_; }

 private:
  int descriptor_;
  std::uint64_t written_ = 0;
};

}  // namespace net
