// The loop of the program, which takes its time when there is more to do than it can do at once.
//
// A wake-up costs about 50 µs on a busy node, most of it because other processes have taken the
// processor's caches; in a burst each object comes by itself, in eight pieces. While keys wait for a
// worker they gain nothing by the next piece being seen at once: then what comes in is looked at
// every now and then, all of it together. That is a third of the processor's time of a burst.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>

namespace runtime {

// Runs the context until it has nothing left to wait for or is stopped. Between two looks at what
// has come in, pause is called while has_backlog says so. On the calling thread, as all handlers.
void run(boost::asio::io_context& context, const std::function<bool()>& has_backlog,
         const std::function<void()>& pause);

}  // namespace runtime
