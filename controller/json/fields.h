// A field table lists the JSON members of a C++ type. It drives decoding, encoding, comparing and
// the paths in messages. Each type has one table:
//
//   struct ServicePort { std::string name; int port = 0; };
//   template <> struct json::Fields<ServicePort> {
//     static constexpr auto kTable = std::make_tuple(json::field("name", &ServicePort::name),
//                                                    json::field("port", &ServicePort::port));
//   };
//
// A member is a leaf (std::string, bool, int, std::int64_t, base::Time, or a type with a
// json::Leaf), a type with a table, or a std::optional, std::vector or std::map<std::string, …> of
// these.
//
// Guarantees
//  * A member counts as absent when it is empty, zero or false. Comparing ignores every member that
//    is absent in `wanted`. Encoding leaves out absent members; but if the default value of a
//    member is not absent (as in port = 5000), that member is always written, so that decoding the
//    text gives the same value. A member that must be sent even when it is empty, zero or false is
//    a std::optional.
//  * Decoding ignores unknown members, treats null as absent, and reports the path of a value of
//    the wrong type. If two members have the same name, the last one is used.
//  * difference(wanted, actual) and differences() compare only the members that `wanted` has. In
//    `actual`, maps and keyed lists may have further elements, of other field managers. All other
//    lists must be equal in length and order.
// The functions are pure and can be called on any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "json/leaf.h"
#include "json/path.h"
#include "json/value.h"
#include "json/writer.h"

namespace json {

// A type with a field table specialises Fields with `static constexpr auto kTable`.
template <class T>
struct Fields;

template <class Owner, class Value>
struct Field {
  std::string_view name;
  Value Owner::*member;
};

template <class Owner, class Element, class Key>
struct KeyedField {
  std::string_view name;
  std::vector<Element> Owner::*member;
  Key Element::*key;
};

// A Completeness states which parts of a Kubernetes object a sieve or a cache has kept
// (json/sieve/sieve.h, kube/watch/store.h).
enum class Completeness {
  kComplete = 0,
  kPartial = 1,          // without members that exceed the bound, for example spec
  kPartialMetadata = 2,  // without some members of its metadata; other members may be missing too
  kMetadataOnly = 3,     // only its metadata, because the cache is full
};

// A KeptKey is a map key whose value the sieve keeps (json/sieve/sieve.h). A key that ends with '/'
// stands for all keys with this prefix.
struct KeptKey {
  std::string_view key;
  std::size_t max_bytes;  // maximum size of the value as JSON; a larger value is left out
};

// A LimitedField is a map of which the sieve keeps only the elements with these keys. Decoding,
// encoding and comparing treat it as a Field.
template <class Owner, class Map>
struct LimitedField : Field<Owner, Map> {
  std::span<const KeptKey> keys;
};

template <class Owner, class Value>
constexpr Field<Owner, Value> field(std::string_view name, Value Owner::*member) {
  return {name, member};
}

template <class Owner, class Map>
constexpr LimitedField<Owner, Map> limited(std::string_view name, Map Owner::*member,
                                           std::span<const KeptKey> keys) {
  return {{name, member}, keys};
}

// Returns the table entry of a list that the API server merges by a key (listType=map).
template <class Owner, class Element, class Key>
constexpr KeyedField<Owner, Element, Key> keyed(std::string_view name,
                                                std::vector<Element> Owner::*member,
                                                Key Element::*key) {
  return {name, member, key};
}

template <class T>
concept HasFields = requires {
  Fields<T>::kTable;
};
template <class T>
concept IsLeaf = requires {
  Leaf<T>::kExpected;
};

// The first error that decoding finds; later errors are dropped. It is empty while there is no
// error.
using DecodeError = std::optional<base::Error>;

// The path of the first difference, or nothing when there is none.
using Difference = std::optional<std::string>;

// A Differences collects the paths at which two values differ, at most `max` of them.
class Differences {
 public:
  explicit Differences(std::size_t max) : max_(max) {}

  bool full() const { return paths_.size() >= max_; }
  void add(const Path& path) {
    if (!full()) paths_.push_back(path.text());
  }
  std::vector<std::string> take() { return std::move(paths_); }

 private:
  std::size_t max_;
  std::vector<std::string> paths_;
};

void fail_type(DecodeError& failure, const Path& path, std::string_view expected, View found);

template <class T>
struct Codec;

template <IsLeaf T>
struct Codec<T> {
  static void decode(View view, T& out, const Path& path, DecodeError& failure) {
    if (!Leaf<T>::read(view, out)) fail_type(failure, path, Leaf<T>::kExpected, view);
  }
  static void encode(Writer& writer, const T& value) { Leaf<T>::write(writer, value); }
  static bool absent(const T& value) { return Leaf<T>::absent(value); }
  static void compare(const T& wanted, const T& actual, const Path& path, Differences& found) {
    if (!Leaf<T>::same(wanted, actual)) found.add(path);
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static void decode(View view, std::optional<T>& out, const Path& path, DecodeError& failure) {
    Codec<T>::decode(view, out.emplace(), path, failure);
  }
  static void encode(Writer& writer, const std::optional<T>& value) {
    Codec<T>::encode(writer, *value);
  }
  static bool absent(const std::optional<T>& value) { return !value.has_value(); }
  static void compare(const std::optional<T>& wanted, const std::optional<T>& actual,
                      const Path& path, Differences& found) {
    if (actual) {
      Codec<T>::compare(*wanted, *actual, path, found);
    } else {
      found.add(path);
    }
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static void decode(View view, std::vector<T>& out, const Path& path, DecodeError& failure) {
    if (view.kind() != Kind::kArray) return fail_type(failure, path, "a list", view);
    out.resize(view.size());
    for (std::size_t i = 0; i < out.size() && !failure; ++i) {
      Codec<T>::decode(view.element(i), out[i], Path(path, i), failure);
    }
  }
  static void encode(Writer& writer, const std::vector<T>& value) {
    writer.begin_array();
    for (const T& element : value) Codec<T>::encode(writer, element);
    writer.end_array();
  }
  static bool absent(const std::vector<T>& value) { return value.empty(); }
  static void compare(const std::vector<T>& wanted, const std::vector<T>& actual, const Path& path,
                      Differences& found) {
    if (wanted.size() != actual.size()) return found.add(path);
    for (std::size_t i = 0; i < wanted.size() && !found.full(); ++i) {
      Codec<T>::compare(wanted[i], actual[i], Path(path, i), found);
    }
  }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  using Map = std::map<std::string, T>;

  static void decode(View view, Map& out, const Path& path, DecodeError& failure) {
    if (view.kind() != Kind::kObject) return fail_type(failure, path, "an object", view);
    out.clear();
    for (std::size_t i = 0; i < view.size() && !failure; ++i) {
      const Member member = view.member(i);
      T& element = out[std::string(member.name)];
      element = {};  // a second element of the same name replaces the first
      Codec<T>::decode(member.value, element, Path::element(path, member.name), failure);
    }
  }
  static void encode(Writer& writer, const Map& value) {
    writer.begin_object();
    for (const auto& [name, element] : value) {
      writer.key(name);
      Codec<T>::encode(writer, element);
    }
    writer.end_object();
  }
  static bool absent(const Map& value) { return value.empty(); }
  static void compare(const Map& wanted, const Map& actual, const Path& path, Differences& found) {
    for (const auto& [name, element] : wanted) {
      if (found.full()) return;
      const auto match = actual.find(name);
      if (match == actual.end()) {
        found.add(Path::element(path, name));
      } else {
        Codec<T>::compare(element, match->second, Path::element(path, name), found);
      }
    }
  }
};

// Returns a T whose members have their default values.
template <class T>
const T& default_value() {
  static const T kDefault{};
  return kDefault;
}

// The Codec of a type with a table. Its functions are defined outside of the class and are not
// inline, so that a header can declare `extern template struct json::TableCodec<T>` for a large
// type: then only one source compiles them (api/).
template <class T>
struct TableCodec {
  static void decode(View view, T& out, const Path& path, DecodeError& failure);
  static void encode(Writer& writer, const T& value);

  // Writes only the members, into an object to which the caller has written other members before
  // (apiVersion, kind).
  static void encode_members(Writer& writer, const T& value);

  static bool absent(const T& value);
  static void compare(const T& wanted, const T& actual, const Path& path, Differences& found);

 private:
  static_assert(std::tuple_size_v<std::remove_cvref_t<decltype(Fields<T>::kTable)>> <= 64);

  // Calls `visit` with the entries of the table until a call returns true. Returns whether a call
  // has returned true.
  template <class Visit>
  static bool for_each(Visit visit) {
    return std::apply([&](const auto&... entry) { return (visit(entry) || ...); },
                      Fields<T>::kTable);
  }

  template <class Entry>
  static bool must_be_encoded(const Entry& entry, const T& value) {
    using Value = std::remove_cvref_t<decltype(value.*entry.member)>;
    return !Codec<Value>::absent(value.*entry.member) ||
           !Codec<Value>::absent(default_value<T>().*entry.member);
  }

  template <class Value>
  static void decode_member(View view, Value& out, const Path& path, DecodeError& failure) {
    Codec<Value>::decode(view, out, path, failure);
  }

  template <class Value>
  static void compare_member(const Field<T, Value>& entry, const T& wanted, const T& actual,
                             const Path& path, Differences& found) {
    Codec<Value>::compare(wanted.*entry.member, actual.*entry.member, path, found);
  }

  template <class Element, class Key>
  static void compare_member(const KeyedField<T, Element, Key>& entry, const T& wanted,
                             const T& actual, const Path& path, Differences& found) {
    for (const Element& element : wanted.*entry.member) {
      if (found.full()) return;
      const Element* other = nullptr;
      for (const Element& candidate : actual.*entry.member) {
        if (candidate.*entry.key == element.*entry.key) other = &candidate;
      }
      const std::string key = key_text(element.*entry.key);
      if (other == nullptr) {
        found.add(Path::element(path, key));
      } else {
        Codec<Element>::compare(element, *other, Path::element(path, key), found);
      }
    }
  }

  static std::string key_text(const std::string& key) { return key; }
  static std::string key_text(std::int64_t key) { return std::to_string(key); }
};

template <class T>
void TableCodec<T>::decode(View view, T& out, const Path& path, DecodeError& failure) {
  if (view.kind() != Kind::kObject) return fail_type(failure, path, "an object", view);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < view.size() && !failure; ++i) {
    const Member member = view.member(i);
    const bool is_null = member.value.kind() == Kind::kNull;
    std::uint64_t bit = 1;
    for_each([&](const auto& entry) {
      const bool here = entry.name == member.name;
      if (here) {
        // A second member of the same name replaces the first: nothing is merged.
        if ((seen & bit) != 0) out.*entry.member = T{}.*entry.member;
        if (!is_null) {
          decode_member(member.value, out.*entry.member, Path(path, entry.name), failure);
        }
        seen |= bit;
      }
      bit <<= 1U;
      return here;
    });
  }
}

template <class T>
void TableCodec<T>::encode(Writer& writer, const T& value) {
  writer.begin_object();
  encode_members(writer, value);
  writer.end_object();
}

template <class T>
void TableCodec<T>::encode_members(Writer& writer, const T& value) {
  for_each([&](const auto& entry) {
    using Value = std::remove_cvref_t<decltype(value.*entry.member)>;
    if (must_be_encoded(entry, value)) {
      writer.key(entry.name);
      Codec<Value>::encode(writer, value.*entry.member);
    }
    return false;
  });
}

template <class T>
bool TableCodec<T>::absent(const T& value) {
  return !for_each([&](const auto& entry) { return must_be_encoded(entry, value); });
}

template <class T>
void TableCodec<T>::compare(const T& wanted, const T& actual, const Path& path,
                            Differences& found) {
  for_each([&](const auto& entry) {
    using Value = std::remove_cvref_t<decltype(wanted.*entry.member)>;
    if (!Codec<Value>::absent(wanted.*entry.member)) {
      compare_member(entry, wanted, actual, Path(path, entry.name), found);
    }
    return found.full();
  });
}

template <HasFields T>
struct Codec<T> : TableCodec<T> {};

template <class T>
base::Result<T> decode(View view) {
  T value;
  DecodeError failure;
  Codec<T>::decode(view, value, Path(), failure);
  if (failure) return *std::move(failure);
  return value;
}

// Parses a JSON text and decodes it.
template <class T>
base::Result<T> parse(std::string text) {
  const auto document = Document::parse(std::move(text));
  if (!document) return document.error();
  return decode<T>(document->root());
}

template <class T>
std::string encode(const T& value) {
  Writer writer;
  Codec<T>::encode(writer, value);
  return writer.take();
}

// Returns at most `max` paths at which `actual` lacks a value of `wanted` or has another one, in
// the order of the tables: "spec.ports[5000].nodePort".
template <class T>
std::vector<std::string> differences(const T& wanted, const T& actual, std::size_t max) {
  Differences found(max);
  Codec<T>::compare(wanted, actual, Path(), found);
  return found.take();
}

// Returns the first path that differences() returns, or nothing when there is no difference.
template <class T>
Difference difference(const T& wanted, const T& actual) {
  std::vector<std::string> paths = differences(wanted, actual, 1);
  if (paths.empty()) return std::nullopt;
  return std::move(paths.front());
}

}  // namespace json
