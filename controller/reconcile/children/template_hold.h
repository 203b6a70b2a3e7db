// Decides which pod template a registry on emptyDir gets. Such a registry loses its images with its
// pod, so the running template is kept unless the user changes it. Another version of the operator
// or another Pod Security level does not replace it.
//
// The kept template is the one that was applied last. It is recorded on the Deployment together
// with a hash of the user's choices, so that every version of the operator decides the same. A
// Deployment of an earlier version has no such record. It keeps its current template, including
// what policies and other clients changed in it, unless the user changed the spec since. A
// Deployment whose template is too large for the record keeps its current template until the hash
// of the user's choices changes.
//
// The template is replaced when
//  * the user changed the pod by the spec, or the restart annotation of the LocalRegistry,
//  * there is no pod that may hold images,
//  * another client edited a recorded field: that edit has already replaced the pods. A field that
//    a mutating policy changes does not count, because the pods had that value from the start.
// All functions are pure and can be called on any thread.
#pragma once

#include <string>

#include "reconcile/observed.h"

namespace reconcile {

struct DeploymentIntent {
  api::Deployment object;
  // The first field in which the kept template differs from a new one; empty: nothing is kept.
  std::string outdated_field;
};

// Returns the Deployment to apply, whether or not it exists.
DeploymentIntent intended_deployment(const Observed& observed);

}  // namespace reconcile
