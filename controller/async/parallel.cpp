#include "async/parallel.h"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "async/cancellation.h"

namespace async {

namespace asio = boost::asio;

namespace {

// Returns one operation that runs the branches concurrently.
template <class T>
auto group_of(const asio::any_io_executor& executor, std::vector<asio::awaitable<T>> branches) {
  using Operation =
      decltype(asio::co_spawn(executor, std::declval<asio::awaitable<T>>(), asio::deferred));
  std::vector<Operation> operations;
  operations.reserve(branches.size());
  for (asio::awaitable<T>& branch : branches) {
    operations.push_back(asio::co_spawn(executor, std::move(branch), asio::deferred));
  }
  return asio::experimental::make_parallel_group(std::move(operations));
}

// Rethrows an exception that is not a cancellation, even when another branch ended first: such an
// exception is a bug.
void rethrow_bug(const std::vector<std::exception_ptr>& thrown) {
  for (const std::exception_ptr& exception : thrown) {
    if (exception && !is_cancellation(exception)) std::rethrow_exception(exception);
  }
}

// This completion condition cancels the other branches when one has failed.
struct UntilOneFails {
  asio::cancellation_type_t operator()(const std::exception_ptr& thrown,
                                       const base::Result<void>& result) const {
    return thrown || !result ? asio::cancellation_type::terminal : asio::cancellation_type::none;
  }
};

}  // namespace

asio::awaitable<std::size_t> run_until_one_ends(std::vector<asio::awaitable<void>> branches) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto group = group_of(executor, std::move(branches));
  auto ending = group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  auto [order, thrown] = co_await std::move(ending);
  rethrow_bug(thrown);
  co_await check_cancellation();
  const std::size_t first = order.front();
  if (thrown[first]) std::rethrow_exception(thrown[first]);
  co_return first;
}

asio::awaitable<base::Result<void>> run_until_one_fails(
    std::vector<asio::awaitable<base::Result<void>>> branches) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto group = group_of(executor, std::move(branches));
  auto ending = group.async_wait(UntilOneFails(), asio::use_awaitable);
  auto [order, thrown, results] = co_await std::move(ending);
  rethrow_bug(thrown);
  for (const std::size_t i : order) {
    if (!thrown[i] && !results[i]) co_return results[i].error();
  }
  // No branch returned an error, so a cancelled branch means that the parent was cancelled.
  for (const std::exception_ptr& one : thrown) {
    if (one) std::rethrow_exception(one);
  }
  co_return base::Result<void>();
}

}  // namespace async
