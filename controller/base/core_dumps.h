// Keeps credentials out of core dumps. Called once by each program, before it reads any secret.
#pragma once

namespace base {

// Forbids core dumps of this process, and ptrace by other processes of the same user. A program
// that this process starts inherits the core size limit of 0, but may be traced: execve(2) makes it
// dumpable again. The size limit alone is not enough: the kernel ignores the limit when
// core_pattern is a pipe (core(5)).
void forbid_core_dumps();

}  // namespace base
