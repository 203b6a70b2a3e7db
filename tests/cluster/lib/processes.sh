# shellcheck shell=bash
# The cluster's components as plain processes. Each has below $RUN a command (commands/NAME), a
# log (log/NAME.log) and, while it runs, an identity (pid/NAME: process id and start time).

# define COMPONENT CMD...: remembers how the component is started.
define() {
  local component=$1
  shift
  printf 'exec %s\n' "$(printf '%q ' "$@")" >"$RUN/commands/$component"
}

is_component() { [[ -f $RUN/commands/$1 ]] || die "no component '$1' here: $(components)"; }

components() { (cd "$RUN/commands" && echo *); }

# start_time PID: nothing for a process that is dead and only not yet collected by its parent. While
# other threads of it are left, it still has its ports.
# (No component has a space in its name, which would shift the columns.)
start_time() { awk '$3 != "Z" || $20 > 1 {print $22}' "/proc/$1/stat" 2>/dev/null; }

# running COMPONENT: true for the very process that was started, not for a later one of that id.
running() {
  local pid started
  [[ -f $RUN/pid/$1 ]] || return 1
  read -r pid started <"$RUN/pid/$1" || return 1
  [[ -n $started && "$(start_time "$pid")" == "$started" ]]
}

pid_of() { cut -d ' ' -f 1 "$RUN/pid/$1"; }

# detached FILE: runs it in its own session, without an inherited lock or pipe: it outlives this
# script and holds nothing of it, nor of whoever started this.
detached() {
  # shellcheck disable=SC2016
  exec setsid bash -c 'for fd in /proc/$$/fd/*; do
    fd=${fd##*/}
    ((fd < 3)) || eval "exec $fd>&-"
  done
  source "$1"' bash "$1"
}

start() {
  local component=$1 pid
  running "$component" && return
  detached "$RUN/commands/$component" </dev/null >>"$RUN/log/$component.log" 2>&1 &
  pid=$!
  disown "$pid"
  echo "$pid $(start_time "$pid")" >"$RUN/pid/$component"
}

# signal COMPONENT SIGNAL SECONDS: true once the process has gone.
signal() {
  local component=$1 deadline=$((SECONDS + $3))
  running "$component" || return 0
  kill -s "$2" "$(pid_of "$component")" 2>/dev/null || true
  while running "$component"; do
    ((SECONDS <= deadline)) || return 1
    sleep 0.05
  done
}

stop() {
  signal "$1" TERM "${2:-10}" || signal "$1" KILL 5 || say "$1 does not die"
  rm -f "$RUN/pid/$1"
}

destroy() { signal "$1" KILL 5 && rm -f "$RUN/pid/$1"; }

# await LABEL SECONDS COMPONENT CMD...: until CMD succeeds; fails as soon as the component has died.
await() {
  local label=$1 deadline=$((SECONDS + $2)) component=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    if ! running "$component" || ((SECONDS > deadline)); then
      tail -n 30 "$RUN/log/$component.log" >&2
      running "$component" || die "$label: $component has stopped; its log ends as above"
      die "$label: not in time; the log of $component ends as above"
    fi
    sleep 0.1
  done
  say "$label"
}
