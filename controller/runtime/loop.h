// The loop of the program, which takes its time when there is more to do than it can do at once.
//
// A wake-up costs some 50 µs on a busy node, most of it because other processes have taken the
// processor's caches; in a burst each object comes by itself, in eight pieces. Keys that wait for
// a worker gain nothing by the next piece being seen at once: while many do, what comes in is
// looked at every now and then, all of it together. That saves a third of the processor's time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>

#include "base/clock.h"

namespace runtime {

// Runs the context until it has nothing left to wait for or is stopped. Between two looks at what
// has come in it pauses for as long as patience says. On the calling thread, as all handlers.
void run(boost::asio::io_context& context, const std::function<base::Clock::Duration()>& patience,
         const std::function<void(base::Clock::Duration)>& pause);

}  // namespace runtime
