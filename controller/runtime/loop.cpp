#include "runtime/loop.h"

namespace runtime {

void run(boost::asio::io_context& context, const std::function<bool()>& has_backlog,
         const std::function<void()>& pause) {
  while (context.run_one() > 0) {
    context.poll();
    if (has_backlog()) pause();
  }
}

}  // namespace runtime
