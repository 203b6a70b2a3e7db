// Which pod template a registry on emptyDir gets. Such a registry loses its images with its pod, so
// the template that runs is kept when a new one would differ for any other reason than the user's:
// another version of the operator, another Pod Security level.
//
// The kept template is the one that was applied last. It is recorded on the Deployment together
// with a hash of what the user chose, so that every version of the operator decides the same.
// A Deployment without a record, as earlier versions made it, keeps the template that it has.
//
// The template is replaced when
//  * the user changed the pod by the spec, or the restart annotation of the LocalRegistry,
//  * no pod may hold images,
//  * another client edited what was applied: the pods were replaced by that edit already.
// Pure; any thread.
#pragma once

#include <string>

#include "reconcile/observed.h"

namespace reconcile {

struct DeploymentIntent {
  api::Deployment object;
  // The first field in which the kept template differs from a new one; empty: nothing is kept.
  std::string outdated_field;
};

// What is to be applied to the Deployment, which may not exist yet.
DeploymentIntent intend_deployment(const Observed& observed);

}  // namespace reconcile
