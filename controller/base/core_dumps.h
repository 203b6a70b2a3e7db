// Keeps credentials out of core dumps. Called once by each program, before it reads any secret.
#pragma once

namespace base {

// Forbids core dumps of this process, and ptrace by other processes of the same user. Programs that
// it starts are not affected.
// A resource limit alone is not enough: the kernel ignores it when core_pattern is a pipe
// (core(5)).
void forbid_core_dumps();

}  // namespace base
