// Client is the typed Kubernetes client. Each function sends one request and returns one answer;
// the client neither caches nor retries.
//
// Guarantees
//  * An answer of the API server is a value, never an exception.
//  * A write took no effect when the API server answered with HTTP status 4xx, or when no request
//    was sent (no credentials, an invalid header). After any other error it may have taken effect.
//  * Every apply has an ApplyGuard, so that no foreign object is taken over by accident.
// Assumptions
//  * ApplyGuard relies on this behaviour of Kubernetes 1.34, which tests/contract verifies: a
//    resourceVersion that no object has makes an apply a create; a uid makes it an update; a uid
//    with a resourceVersion makes it an update of exactly that version.
//  * kNotFound means that the object does not exist. When the API server does not serve the type,
//    or a 404 has no Kubernetes Status, the error is kUnavailable and is_missing_type() is true.
//
// A Client is a value that refers to a Transport. The Transport and the Client outlive the
// awaitables that the Client returns; arguments need not outlive the call. A Client is used on the
// thread of the io_context only.
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
#include "json/sieve/sieve.h"
#include "kube/decode.h"
#include "kube/requests.h"
#include "kube/transport.h"

namespace kube {

struct ListMeta {
  std::string resource_version;
  std::string continue_token;  // empty on the last page
};

template <class T>
struct List {
  ListMeta metadata;
  std::vector<T> items;
};

// The answer to a delete is the object or a Status; `kind` distinguishes them.
template <class T>
struct DeleteAnswer : T {
  std::string kind;
};

// A StatusOf is sent to the status subresource: it is an object without its spec.
template <class T>
struct StatusOf {
  api::ObjectMeta metadata;
  decltype(T::status) status;
};

class Client {
 public:
  // An Observer is called for each answer with its HTTP status code, for the metric
  // rest_client_requests_total.
  using Observer = std::function<void(Method, int code)>;

  explicit Client(Transport& transport, Observer observer = {})
      : transport_(&transport), observer_(std::move(observer)) {}

  // Returns a copy of this client with another timeout for each exchange. The default value of the
  // timeout is limits::kRequestTimeout.
  Client with_timeout(std::chrono::milliseconds timeout) const;

  template <class T>
  Awaitable<T> get(const api::ObjectKey& key) const {
    return typed<T>(exchange(api::Resource<T>::kType,
                             with_fields_of<T>(get_request(api::Resource<T>::kType, key))));
  }

  // Reads an object with its metadata.managedFields, which every other function leaves out.
  template <class T>
  Awaitable<T> get_with_managed_fields(const api::ObjectKey& key) const {
    return typed<T>(exchange(api::Resource<T>::kType,
                             with_fields_of<T>(get_request(api::Resource<T>::kType, key)),
                             {.managed_fields = true}));
  }

  // Reads one page of a list. kMalformed: one of its objects cannot be decoded.
  template <class T>
  Awaitable<List<T>> list(const ListOptions& options) const {
    return typed<List<T>>(
        exchange(api::Resource<T>::kType,
                 with_fields_of<List<T>>(list_request(api::Resource<T>::kType, options))));
  }

  // Sends a server-side apply of the whole intent. `object` has a name, a namespace if its type is
  // namespaced, and no status; the guard replaces its uid and resourceVersion. Returns the object
  // as the API server stored it.
  template <class T>
  Awaitable<T> apply(T object, const ApplyGuard& guard) const {
    const api::ObjectKey key = api::key_of(object.metadata);
    guard.write_to(object.metadata);
    return typed<T>(
        guarded(api::Resource<T>::kType,
                with_fields_of<T>(apply_request(api::Resource<T>::kType, key, Subresource::kNone,
                                                api::encode_object(object)))));
  }

  // Sends a server-side apply of the status alone, with the object's name, namespace, uid and
  // resourceVersion. kConflict: the object changed since that resourceVersion, or was recreated.
  // kNotFound: it does not exist. An empty resourceVersion overwrites the status even if the object
  // was recreated, because the API server does not compare the uid when it writes the status of a
  // custom resource.
  template <class T>
  Awaitable<T> apply_status(const T& object) const {
    StatusOf<T> sent;
    sent.metadata = api::version_of(object.metadata);
    sent.status = object.status;
    return typed<T>(
        guarded(api::Resource<T>::kType,
                with_fields_of<T>(apply_request(api::Resource<T>::kType, api::key_of(sent.metadata),
                                                Subresource::kStatus, api::encode_object(sent)))));
  }

  // Creates an object with POST. kAlreadyExists: the name is taken.
  template <class T>
  Awaitable<T> create(const T& object) const {
    return typed<T>(exchange(
        api::Resource<T>::kType,
        with_fields_of<T>(create_request(api::Resource<T>::kType, object.metadata.namespace_name,
                                         api::encode_object(object)))));
  }

  // Sends a JSON merge patch. kConflict: metadata.resourceVersion or metadata.uid in the body does
  // not match the object.
  template <class T>
  Awaitable<T> patch(const api::ObjectKey& key, std::string body,
                     Subresource subresource = Subresource::kNone) const {
    return typed<T>(guarded(api::Resource<T>::kType,
                            with_fields_of<T>(merge_patch_request(api::Resource<T>::kType, key,
                                                                  subresource, std::move(body)))));
  }

  // Replaces the finalizers of the object that `meta` was read from. kConflict: the object changed
  // since. If this removes the last finalizer of an object with a deletionTimestamp, the API server
  // deletes the object and answers with its last state.
  template <class T>
  Awaitable<T> set_finalizers(const api::ObjectMeta& meta,
                              std::vector<std::string> finalizers) const {
    return patch<T>(api::key_of(meta), finalizers_patch(meta, std::move(finalizers)));
  }

  // Deletes an object. Returns nothing when the object is gone, or the object with its
  // deletionTimestamp when finalizers keep it. kConflict: a precondition does not hold. kNotFound:
  // there is no such object.
  template <class T>
  Awaitable<std::optional<T>> remove(const api::ObjectKey& key, const Preconditions& preconditions,
                                     Propagation propagation) const {
    return remainder<T>(exchange(api::Resource<T>::kType,
                                 with_fields_of<DeleteAnswer<T>>(delete_request(
                                     api::Resource<T>::kType, key, preconditions, propagation))));
  }

  // Sends a request and returns its answer as JSON. The typed functions above call it, and set
  // Request::keep to the fields that their type reads. `type` has static storage, as
  // api::Resource<T>::kType.
  Awaitable<json::Document> exchange(const api::ResourceType& type, Request request,
                                     json::ParseOptions options = {.managed_fields = false}) const;

  // Opens a watch, or a list that is read as a stream.
  Awaitable<std::unique_ptr<Stream>> open(const api::ResourceType& type, Request request) const;

 private:
  // Sends a request as exchange() does, but reports a uid mismatch as kConflict instead of
  // kInvalid.
  Awaitable<json::Document> guarded(const api::ResourceType& type, Request request) const;

  // Sets Request::keep to the fields that T reads.
  template <class T>
  static Request with_fields_of(Request request) {
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
    if (!still_exists(answer->root())) co_return std::nullopt;
    base::Result<T> object = decode_object<T>(answer->root());
    if (!object) co_return object.error();
    co_return std::optional<T>(*std::move(object));
  }

  // Returns whether the answer to a delete is the object, which finalizers keep, and not a Status.
  static bool still_exists(json::View answer);

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
