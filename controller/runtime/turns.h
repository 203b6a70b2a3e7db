// A queue that is fair between groups of items: groups take turns, and within a group the items
// keep the order in which they were added. So a group with many items delays another group by one
// item each turn.
//
// The items are nodes of a std::list. The queue moves these nodes from and to lists of the caller,
// so iterators to the items stay valid.
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
class FairQueue {
 public:
  using List = std::list<Item>;
  using Node = typename List::iterator;

  FairQueue() = default;
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // Moves `node` from `from` to the end of the group.
  void add(std::string_view group, List& from, Node node) {
    const auto found = groups_.find(group);
    const GroupIterator it = found != groups_.end() ? found : groups_.emplace(group, Group()).first;
    Group& waiting = it->second;
    if (waiting.items.empty()) waiting.turn = turns_.insert(turns_.end(), it);
    waiting.items.splice(waiting.items.end(), from, node);
    ++size_;
  }

  // Moves `node`, which is in the group, to the end of `into`.
  void remove(std::string_view group, Node node, List& into) {
    take_out(groups_.find(group), node, into);
  }

  // Moves the next node to the end of `into` and returns it. The next turn is another group's, if
  // there is one. Requires !empty().
  Node next(List& into) {
    const GroupIterator it = turns_.front();
    const Node node = it->second.items.begin();
    turns_.splice(turns_.end(), turns_, turns_.begin());
    take_out(it, node, into);
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
  using GroupIterator = typename Groups::iterator;

  struct Group {
    List items;                                          // never empty between two calls
    typename std::list<GroupIterator>::iterator turn{};  // position in turns_
  };

  void take_out(GroupIterator it, Node node, List& into) {
    into.splice(into.end(), it->second.items, node);
    --size_;
    if (!it->second.items.empty()) return;
    turns_.erase(it->second.turn);
    groups_.erase(it);
  }

  Groups groups_;
  std::list<GroupIterator> turns_;  // groups with items; the front one is next
  std::size_t size_ = 0;
};

}  // namespace runtime
