// forbid_core_dumps() keeps credentials out of core dumps. Each program calls it once, before it
// reads any secret.
#pragma once

namespace base {

// Forbids core dumps of this process, and ptrace by other processes of the same user. A child
// process inherits the core size limit of 0, but another process may trace the child, because
// execve(2) makes it dumpable again. The core size limit alone does not prevent core dumps: the
// kernel ignores it when core_pattern is a pipe (core(5)).
void forbid_core_dumps();

}  // namespace base
