// selection<T>() lists the members of a JSON text that the field table of T reads. Pass it as
// ParseOptions::members when the text is decoded with json::decode<T>():
//
//   json::ParseOptions options;
//   options.members = json::selection<AdmissionReview>();
//
// Selections are constants and can be used on any thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

#include "json/fields.h"
#include "json/value.h"

namespace json {

// A leaf or a map is kept whole.
template <class T>
struct SelectionOf {
  static constexpr std::span<const Selection> members() { return {}; }
};

template <class T>
struct SelectionOf<std::optional<T>> : SelectionOf<T> {};

template <class T>
struct SelectionOf<std::vector<T>> : SelectionOf<T> {};

template <HasFields T>
struct SelectionOf<T> {
  template <class Entry>
  using Member = std::remove_cvref_t<decltype(std::declval<T&>().*std::declval<Entry>().member)>;

  static constexpr auto kMembers = std::apply(
      [](const auto&... entry) {
        return std::array<Selection, sizeof...(entry)>{
            Selection{entry.name, SelectionOf<Member<decltype(entry)>>::members()}...};
      },
      Fields<T>::kTable);

  static constexpr std::span<const Selection> members() { return kMembers; }
};

template <class T>
constexpr std::span<const Selection> selection() {
  return SelectionOf<T>::members();
}

}  // namespace json
