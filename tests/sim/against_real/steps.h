// Each function draws one step of a sequence, by the client that sends it. The servers may refuse
// the step.
#pragma once

#include "sim/against_real/dice.h"
#include "sim/against_real/sequence.h"

namespace against_real {

inline constexpr auto kJson = "application/json";
inline constexpr auto kMerge = "application/merge-patch+json";
inline constexpr auto kOperations = "application/json-patch+json";
inline constexpr auto kApply = "application/apply-patch+yaml";
inline constexpr auto kNobody = "00000000-0000-4000-8000-00000000dead";  // the uid of no object

// The operator creates and applies its objects, and the status of its resource.
Step operator_creates(Dice& dice);
Step operator_applies(Dice& dice);
Step operator_writes_status(Dice& dice);

// Users and controllers write what the operator reads.
Step user_creates_registry(Dice& dice);
Step user_writes_registry(Dice& dice);
Step controller_writes_status(Dice& dice);

// Other clients write the objects that the operator created.
Step edits(Dice& dice);
Step patches_by_operations(Dice& dice);  // JSON Patch
Step replaces(Dice& dice);
Step other_manager_applies(Dice& dice);
Step deletes(Dice& dice);

Step reads(Dice& dice);
Step other_types(Dice& dice);  // on Leases, Secrets, Events, Namespaces, Pods
Step hostile(Dice& dice);      // a request that no honest client sends

// Parts of request bodies that several steps use.
std::string registry_spec_field(Dice& dice);
std::string metadata_edit(Dice& dice);
std::string spec_edit(Dice& dice, const Type& type);

}  // namespace against_real
