# shellcheck shell=bash
# Shared by the scripts of this folder. Sourced, never run.
#
# Written for any bash (macOS still ships 3.2) and for machines that have next to nothing:
# see scripts/setup for what is brought when it is missing.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
TOOLS=$ROOT/.tools
VENV_LIB=$ROOT/.venv-lib
VENV_LIB_NEWEST=$ROOT/.venv-lib-newest
VENV_HA=$ROOT/.venv-ha
VENV_HA_LATEST=$ROOT/.venv-ha-latest
CHROMIUM_PATH_FILE=$TOOLS/chromium-path

# A caller's own environment must not leak into ours.
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH UV_PROJECT_ENVIRONMENT UV_PYTHON || true

# What Python has compiled is kept, outside the sources, even where the caller's environment forbids it: without that each
# start of Home Assistant or of a notebook's kernel compiles thousands of files again.
unset PYTHONDONTWRITEBYTECODE || true
export PYTHONPYCACHEPREFIX=$TOOLS/pycache

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    _bold=$(printf '\033[1m') _red=$(printf '\033[31m') _dim=$(printf '\033[2m') _off=$(printf '\033[0m')
else
    _bold='' _red='' _dim='' _off=''
fi

say() { printf '%s==>%s %s\n' "$_bold" "$_off" "$*" >&2; }
note() { printf '    %s%s%s\n' "$_dim" "$*" "$_off" >&2; }
warn() { printf '%swarning:%s %s\n' "$_red" "$_off" "$*" >&2; }

# die MESSAGE [REMEDY …]: say what went wrong and what helps, then leave.
die() {
    printf '%serror:%s %s\n' "$_red" "$_off" "$1" >&2
    shift
    local line
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# bounded SECONDS COMMAND …: run a command, and end it when it takes longer (124). macOS has no timeout(1).
bounded() {
    local limit=$1 pid watcher code=0
    shift
    "$@" &
    pid=$!
    (
        sleep "$limit" &
        sleeper=$!
        trap 'kill "$sleeper" 2>/dev/null; exit 0' TERM
        wait "$sleeper"
        kill "$pid" 2>/dev/null
    ) >/dev/null 2>&1 &
    watcher=$!
    # a command in the background does not hear of Ctrl-C by itself
    trap 'kill "$pid" "$watcher" 2>/dev/null; exit 130' INT TERM
    wait "$pid" || code=$?
    trap - INT TERM
    if kill "$watcher" 2>/dev/null; then
        wait "$watcher" 2>/dev/null || true
        return "$code"
    fi
    return 124
}

# quietly LOG COMMAND …: keep a command's output in a file; show its end only if it fails.
quietly() {
    local log=$TOOLS/log/$1.log code=0
    shift
    mkdir -p "$TOOLS/log"
    "$@" >"$log" 2>&1 || code=$?
    if [ "$code" -ne 0 ]; then
        tail -n 25 "$log" | sed 's/^/    | /' >&2
        note "the whole output: $log"
    fi
    return "$code"
}
