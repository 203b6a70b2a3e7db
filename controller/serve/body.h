// A request body type for Beast. It does not reserve memory for the body, so that HttpServer
// decides how much to reserve. Beast's string_body reserves the whole Content-Length at once.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <cstdint>
#include <string>

namespace serve {

struct ReceivedBody {
  using value_type = std::string;

  static std::uint64_t size(const value_type& body) { return body.size(); }

  class reader {  // Beast requires this name
   public:
    template <bool isRequest, class Fields>
    reader(boost::beast::http::header<isRequest, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& failure) {
      failure = {};
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& failure) {
      failure = {};
      std::size_t bytes = 0;
      for (auto buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        bytes += buffer.size();
      }
      return bytes;
    }

    void finish(boost::system::error_code& failure) { failure = {}; }

   private:
    value_type& body_;
  };
};

}  // namespace serve
