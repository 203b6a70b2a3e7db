// pack() stores a value in few bytes, for caches that hold it for a long time. It writes the fields
// of the type's table (json::Fields) that differ from their default values, one after the other.
// Only this process can read the bytes: another version of the program may have other tables.
//
// unpack() expects the output of pack() for the same type. From truncated bytes it reads an
// incomplete value; it never reads past their end. The functions are pure and can be called on any
// thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "json/fields.h"

namespace json {

// A Packer collects packed bytes.
class Packer {
 public:
  // Writes a number with seven bits in each byte, the lowest bits first, so that a small number
  // takes one byte.
  void number(std::uint64_t value);
  void text(std::string_view value);
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// An Unpacker reads what a Packer wrote, in the same order. The bytes must outlive the Unpacker and
// the texts that it returns.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number();   // 0 at the end
  std::string_view text();  // empty at the end
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// A PackedLeaf packs and unpacks a leaf: a number, a time or a text.
template <class T>
struct PackedLeaf {
  static void write(Packer& packer, const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      packer.text(value);
    } else if constexpr (requires { value.time; }) {
      packer.number(static_cast<std::uint64_t>(value.time.time_since_epoch().count()));
    } else if constexpr (requires { value.time_since_epoch(); }) {
      packer.number(static_cast<std::uint64_t>(value.time_since_epoch().count()));
    } else if constexpr (requires { value.text; }) {
      packer.text(value.text);
      if constexpr (requires { value.number; })
        packer.number(static_cast<std::uint32_t>(value.number));
    } else {
      packer.number(static_cast<std::uint64_t>(value));
    }
  }
  static void read(Unpacker& unpacker, T& out) {
    if constexpr (std::is_same_v<T, std::string>) {
      out = unpacker.text();
    } else if constexpr (requires { out.time; }) {
      out.time = time_of(unpacker.number());
    } else if constexpr (requires { out.time_since_epoch(); }) {
      out = time_of(unpacker.number());
    } else if constexpr (requires { out.text; }) {
      out.text = unpacker.text();
      if constexpr (requires { out.number; }) out.number = static_cast<int>(unpacker.number());
    } else {
      out = static_cast<T>(unpacker.number());
    }
  }

 private:
  static base::Time time_of(std::uint64_t count) {
    return base::Time(base::Time::duration(static_cast<base::Time::rep>(count)));
  }
};

template <class T>
struct Packing;

template <IsLeaf T>
struct Packing<T> : PackedLeaf<T> {};

template <class T>
struct Packing<std::optional<T>> {
  static void write(Packer& packer, const std::optional<T>& value) {
    packer.number(value ? 1 : 0);
    if (value) Packing<T>::write(packer, *value);
  }
  static void read(Unpacker& unpacker, std::optional<T>& out) {
    out.reset();
    if (unpacker.number() != 0) Packing<T>::read(unpacker, out.emplace());
  }
};

template <class T>
struct Packing<std::vector<T>> {
  static void write(Packer& packer, const std::vector<T>& value) {
    packer.number(value.size());
    for (const T& element : value) Packing<T>::write(packer, element);
  }
  static void read(Unpacker& unpacker, std::vector<T>& out) {
    out.clear();
    for (std::uint64_t left = unpacker.number(); left > 0 && !unpacker.at_end(); --left) {
      Packing<T>::read(unpacker, out.emplace_back());
    }
  }
};

template <class T>
struct Packing<std::map<std::string, T>> {
  using Map = std::map<std::string, T>;

  static void write(Packer& packer, const Map& value) {
    packer.number(value.size());
    for (const auto& [name, element] : value) {
      packer.text(name);
      Packing<T>::write(packer, element);
    }
  }
  static void read(Unpacker& unpacker, Map& out) {
    out.clear();
    for (std::uint64_t left = unpacker.number(); left > 0 && !unpacker.at_end(); --left) {
      const auto added = out.emplace_hint(out.end(), unpacker.text(), T());
      Packing<T>::read(unpacker, added->second);
    }
  }
};

// Writes one bit for each field of the table, which is set if the field differs from its default
// value. Then writes the fields whose bit is set.
template <HasFields T>
struct Packing<T> {
  static void write(Packer& packer, const T& value) {
    std::uint64_t present = 0;
    std::uint64_t bit = 1;
    each([&](const auto& entry) {
      if (!(value.*entry.member == default_value<T>().*entry.member)) present |= bit;
      bit <<= 1U;
    });
    packer.number(present);
    each([&](const auto& entry) {
      using Value = std::remove_cvref_t<decltype(value.*entry.member)>;
      if ((present & 1U) != 0) Packing<Value>::write(packer, value.*entry.member);
      present >>= 1U;
    });
  }
  static void read(Unpacker& unpacker, T& out) {
    std::uint64_t present = unpacker.number();
    each([&](const auto& entry) {
      using Value = std::remove_cvref_t<decltype(out.*entry.member)>;
      if ((present & 1U) != 0) Packing<Value>::read(unpacker, out.*entry.member);
      present >>= 1U;
    });
  }

 private:
  static_assert(std::tuple_size_v<std::remove_cvref_t<decltype(Fields<T>::kTable)>> <= 64);

  template <class Visit>
  static void each(Visit visit) {
    std::apply([&](const auto&... entry) { (visit(entry), ...); }, Fields<T>::kTable);
  }
};

template <class T>
std::string pack(const T& value) {
  Packer packer;
  Packing<T>::write(packer, value);
  return packer.take();
}

template <class T>
void unpack(std::string_view bytes, T& out) {
  Unpacker unpacker(bytes);
  Packing<T>::read(unpacker, out);
}

}  // namespace json
