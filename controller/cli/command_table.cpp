#include "cli/command_table.h"

#include "cli/commands/build.h"
#include "cli/commands/check.h"
#include "cli/commands/completion.h"
#include "cli/commands/env.h"
#include "cli/commands/exec.h"
#include "cli/commands/import.h"
#include "cli/commands/push.h"
#include "cli/commands/rewrite.h"
#include "cli/commands/status.h"
#include "cli/commands/wait.h"

namespace cli {

CommandTable command_table() {
  return {
      status_command(), url_command(),    wait_command(),       env_command(),
      exec_command(),   import_command(), rewrite_command(),    check_command(),
      push_command(),   build_command(),  completion_command(),
  };
}

}  // namespace cli
