// The typed Kubernetes client: one request, one answer. It neither caches nor retries.
//
// Guarantees
//  * What the server answers is a value. kTimeout and kNetwork leave open whether a write took
//    effect; every other error says that it did not.
//  * No apply without a guard: see ApplyGuard. A foreign object is not taken over by accident.
// Assumptions
//  * The guards of an apply are those of Kubernetes 1.34 (tests/contract holds it to them): a
//    resourceVersion that no object has makes it a create, a uid makes it an update, a uid with a
//    resourceVersion an update of what was read.
//  * kNotFound is about the object: a type that the server does not know, or a 404 that is no
//    answer of Kubernetes, is kUnavailable, and is_missing_type tells.
//
// A value that refers to a Transport, which outlives it and every awaitable it gave. Used on the
// thread of the io_context only. Arguments need not outlive the call.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/meta.h"
#include "base/error.h"
#include "base/limits.h"
#include "json/fields.h"
#include "json/sieve.h"
#include "kube/decode.h"
#include "kube/requests.h"
#include "kube/transport.h"

namespace kube {

template <class T>
using Awaitable = boost::asio::awaitable<base::Result<T>>;

// metadata of a list.
struct ListMeta {
  std::string resource_version;
  std::string continue_token;  // empty on the last page
};

template <class T>
struct List {
  ListMeta metadata;
  std::vector<T> items;
};

// The answer to a delete: the object, or a Status.
template <class T>
struct DeleteAnswer : T {
  std::string kind;
};

// An object without its spec: what goes to its status subresource.
template <class T>
struct StatusOf {
  api::ObjectMeta metadata;
  decltype(T::status) status;
};

class Client {
 public:
  // Told of each answer and its HTTP status code: rest_client_requests_total.
  using Observer = std::function<void(Method, int code)>;

  explicit Client(Transport& transport, Observer observer = {})
      : transport_(&transport), observer_(std::move(observer)) {}

  // The same client with another bound on each exchange (limits::kRequestTimeout).
  Client with_timeout(std::chrono::milliseconds timeout) const;

  template <class T>
  Awaitable<T> get(const api::ObjectKey& key) const {
    return typed<T>(
        exchange(api::Resource<T>::kType, kept<T>(get_request(api::Resource<T>::kType, key))));
  }

  // The same for a type that has metadata.managedFields, which other reads leave out.
  template <class T>
  Awaitable<T> get_with_managed_fields(const api::ObjectKey& key) const {
    return typed<T>(exchange(api::Resource<T>::kType, get_request(api::Resource<T>::kType, key),
                             {.managed_fields = true}));
  }

  // One page. kMalformed when one of the objects cannot be read.
  template <class T>
  Awaitable<List<T>> list(const ListOptions& options) const {
    return typed<List<T>>(exchange(api::Resource<T>::kType,
                                   kept<List<T>>(list_request(api::Resource<T>::kType, options))));
  }

  // Server-side apply of the whole intent. object has a name and, if namespaced, a namespace;
  // its uid, resourceVersion and status are not sent. Gives the object as it is now.
  template <class T>
  Awaitable<T> apply(T object, const ApplyGuard& guard) const {
    const api::ObjectKey key = api::key_of(object.metadata);
    guard.write_to(object.metadata);
    return typed<T>(guarded(api::Resource<T>::kType,
                            kept<T>(apply_request(api::Resource<T>::kType, key, Subresource::kNone,
                                                  api::encode_object(object)))));
  }

  // Server-side apply of the status alone. Of the metadata only name, namespace, uid and
  // resourceVersion are sent; kConflict when the object has changed since that resourceVersion, or
  // was made anew (empty: it is written all the same, since the API server does not compare the
  // uid in a status of a custom resource). kNotFound when it is gone.
  template <class T>
  Awaitable<T> apply_status(const T& object) const {
    StatusOf<T> sent;
    sent.metadata.name = object.metadata.name;
    sent.metadata.namespace_name = object.metadata.namespace_name;
    sent.metadata.uid = object.metadata.uid;
    sent.metadata.resource_version = object.metadata.resource_version;
    sent.status = object.status;
    return typed<T>(
        guarded(api::Resource<T>::kType,
                kept<T>(apply_request(api::Resource<T>::kType, api::key_of(sent.metadata),
                                      Subresource::kStatus, api::encode_object(sent)))));
  }

  // POST. kAlreadyExists when the name is taken.
  template <class T>
  Awaitable<T> create(const T& object) const {
    return typed<T>(
        exchange(api::Resource<T>::kType,
                 kept<T>(create_request(api::Resource<T>::kType, object.metadata.namespace_name,
                                        api::encode_object(object)))));
  }

  // JSON merge patch. With metadata.resourceVersion or metadata.uid in the body: kConflict when
  // they are others.
  template <class T>
  Awaitable<T> patch(const api::ObjectKey& key, std::string body,
                     Subresource subresource = Subresource::kNone) const {
    return typed<T>(guarded(
        api::Resource<T>::kType,
        kept<T>(merge_patch_request(api::Resource<T>::kType, key, subresource, std::move(body)))));
  }

  // Replaces the finalizers of the object that meta was read from. kConflict when it changed
  // since. The answer to removing the last one of a deleted object is that object, gone by then.
  template <class T>
  Awaitable<T> set_finalizers(const api::ObjectMeta& meta,
                              std::vector<std::string> finalizers) const {
    return patch<T>(api::key_of(meta), finalizers_patch(meta, std::move(finalizers)));
  }

  // The object that still is there, with a deletionTimestamp, because something holds it
  // (finalizers); nothing when it is gone. kConflict when a precondition does not hold, kNotFound
  // when there is no such object.
  template <class T>
  Awaitable<std::optional<T>> remove(const api::ObjectKey& key, const Preconditions& preconditions,
                                     Propagation propagation) const {
    return remainder<T>(exchange(api::Resource<T>::kType,
                                 kept<DeleteAnswer<T>>(delete_request(
                                     api::Resource<T>::kType, key, preconditions, propagation))));
  }

  // What the typed functions are made of: one exchange, its answer as JSON, of which they ask for
  // what their type reads (Request::keep). type has static storage, as api::Resource<T>::kType.
  Awaitable<json::Document> exchange(const api::ResourceType& type, Request request,
                                     json::ParseOptions options = {.managed_fields = false}) const;

  // Opens a watch.
  Awaitable<std::unique_ptr<Stream>> open(const api::ResourceType& type, Request request) const;

 private:
  // As exchange; a uid that is another object's is kConflict.
  Awaitable<json::Document> guarded(const api::ResourceType& type, Request request) const;

  // Asks for what T reads.
  template <class T>
  static Request kept(Request request) {
    request.keep = &json::shape_of<T>();
    request.keep_bytes = api::kObjectBytes<T>;
    return request;
  }

  template <class T>
  static Awaitable<T> typed(Awaitable<json::Document> exchanged) {
    const base::Result<json::Document> answer = co_await std::move(exchanged);
    if (!answer) co_return answer.error();
    co_return decode_object<T>(answer->root());
  }

  template <class T>
  static Awaitable<std::optional<T>> remainder(Awaitable<json::Document> exchanged) {
    const base::Result<json::Document> answer = co_await std::move(exchanged);
    if (!answer) co_return answer.error();
    if (!is_held(answer->root())) co_return std::nullopt;
    base::Result<T> object = decode_object<T>(answer->root());
    if (!object) co_return object.error();
    co_return std::optional<T>(*std::move(object));
  }

  // Whether the answer to a delete is an object that goes on existing.
  static bool is_held(json::View answer);

  void observe(Method method, int code) const;

  Transport* transport_;
  Observer observer_;
  std::chrono::milliseconds timeout_ = limits::kRequestTimeout;
};

}  // namespace kube

template <class T>
struct api::Resource<kube::StatusOf<T>> : api::Resource<T> {};

template <class T>
inline constexpr std::size_t api::kObjectBytes<kube::List<T>> = api::kObjectBytes<T>;
template <class T>
inline constexpr std::size_t api::kObjectBytes<kube::DeleteAnswer<T>> = api::kObjectBytes<T>;

template <class Object>
struct json::Fields<kube::DeleteAnswer<Object>> {
  static constexpr auto kTable =
      std::tuple_cat(json::Fields<Object>::kTable,
                     std::make_tuple(json::field("kind", &kube::DeleteAnswer<Object>::kind)));
};

template <class Object>
struct json::Fields<kube::StatusOf<Object>> {
  using T = kube::StatusOf<Object>;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("status", &T::status));
};

template <>
struct json::Fields<kube::ListMeta> {
  using T = kube::ListMeta;
  static constexpr auto kTable =
      std::make_tuple(json::field("resourceVersion", &T::resource_version),
                      json::field("continue", &T::continue_token));
};

template <class Item>
struct json::Fields<kube::List<Item>> {
  using T = kube::List<Item>;
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &T::metadata), json::field("items", &T::items));
};
