// Items that wait, by groups: groups take turns, and of one group the item goes first that came
// first. So a group with many items delays another group's by one item each turn.
//
// Items stay in nodes of a std::list, which move in and out: their iterators stay valid.
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

  // Takes the node from that list, as the last of the group.
  void add(std::string_view group, List& from, Node node) {
    const auto found = groups_.find(group);
    const Place place = found != groups_.end() ? found : groups_.emplace(group, Group()).first;
    Group& waiting = place->second;
    if (waiting.items.empty()) waiting.turn = turns_.insert(turns_.end(), place);
    waiting.items.splice(waiting.items.end(), from, node);
    ++size_;
  }

  // Puts the node, which is in that group, at the end of that list.
  void remove(std::string_view group, Node node, List& into) {
    take_out(groups_.find(group), node, into);
  }

  // The same with the node whose turn it is; the next turn is another group's. Not when empty().
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
    typename std::list<Place>::iterator turn{};  // in turns_
  };

  void take_out(Place place, Node node, List& into) {
    into.splice(into.end(), place->second.items, node);
    --size_;
    if (!place->second.items.empty()) return;
    turns_.erase(place->second.turn);
    groups_.erase(place);
  }

  Groups groups_;
  std::list<Place> turns_;  // the group whose turn it is in front
  std::size_t size_ = 0;
};

}  // namespace runtime
