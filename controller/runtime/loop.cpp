#include "runtime/loop.h"

namespace runtime {

void run(boost::asio::io_context& context, const std::function<base::Clock::Duration()>& poll_pause,
         const std::function<void(base::Clock::Duration)>& pause) {
  while (context.run_one() > 0) {
    context.poll();
    const base::Clock::Duration wait = poll_pause();
    if (wait > base::Clock::Duration::zero()) pause(wait);
  }
}

}  // namespace runtime
