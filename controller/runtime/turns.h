// A queue that is fair between groups of items: groups take turns, and within a group the item that
// came first is next. So a group with many items delays another group by one item each turn.
//
// Items are nodes of std::lists, which are moved in and out: their iterators stay valid.
// One owner; not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <string>
#include <string_view>

namespace runtime {

template <class Item>
class Turns {
 public:
  using List = std::list<Item>;
  using Node = typename List::iterator;

  Turns() = default;
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // Moves `node` from `from` to the end of the group.
  void add(std::string_view group, List& from, Node node) {
    const auto found = groups_.find(group);
    const Place place = found != groups_.end() ? found : groups_.emplace(group, Group()).first;
    Group& waiting = place->second;
    if (waiting.items.empty()) waiting.turn = turns_.insert(turns_.end(), place);
    waiting.items.splice(waiting.items.end(), from, node);
    ++size_;
  }

  // Moves `node`, which is in the group, to the end of `into`.
  void remove(std::string_view group, Node node, List& into) {
    take_out(groups_.find(group), node, into);
  }

  // Moves the node whose turn it is to the end of `into` and returns it. The next turn is another
  // group's, if there is one. Requires !empty().
  Node next(List& into) {
    const Place place = turns_.front();
    const Node node = place->second.items.begin();
    turns_.splice(turns_.end(), turns_, turns_.begin());
    take_out(place, node, into);
    return node;
  }

  void clear() {
    groups_.clear();
    turns_.clear();
    size_ = 0;
  }

 private:
  struct Group;
  using Groups = std::map<std::string, Group, std::less<>>;
  using Place = typename Groups::iterator;

  struct Group {
    List items;                                  // never empty between two calls
    typename std::list<Place>::iterator turn{};  // position in turns_
  };

  void take_out(Place place, Node node, List& into) {
    into.splice(into.end(), place->second.items, node);
    --size_;
    if (!place->second.items.empty()) return;
    turns_.erase(place->second.turn);
    groups_.erase(place);
  }

  Groups groups_;
  std::list<Place> turns_;  // groups with items; the front one is next
  std::size_t size_ = 0;
};

}  // namespace runtime
