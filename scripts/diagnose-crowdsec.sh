#!/usr/bin/env bash
# Checks CrowdSec's connections and configuration in one command; works while the control API is down.
#
#   ./scripts/diagnose-crowdsec.sh                          for people
#   ./scripts/diagnose-crowdsec.sh --json                   for programs
#   ./scripts/diagnose-crowdsec.sh --data-dir /custom/path  CrowdSec's files elsewhere
#
# While `npm start` runs, the first two mean its stack.
# Every setting of the control API counts here too (environment, --config FILE, flags; see --help).
# Exits 0 when nothing failed, 1 when a check failed, 2 when it was called wrongly.
set -euo pipefail

root="$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")"
program="$root/dist/control-api/main.js"

if ! command -v node >/dev/null 2>&1; then
  echo "node is missing: install Node.js 20.19 or later" >&2
  exit 2
fi
if [ ! -f "$program" ]; then
  echo "building first (npm ci and npm run build)…" >&2
  node "$root/scripts/bootstrap.mjs" >&2
fi

state="${START_STATE_DIR:-$root/.state}"
if [ "$*" = "" ] || [ "$*" = "--json" ]; then
  pid="$(cut -d ' ' -f 1 "$state/running" 2>/dev/null || true)"
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ -r "$state/control-api/settings.yaml" ]; then
    echo "this is the stack of npm start; to check another, give its settings or --config FILE" >&2
    set -- "$@" --config "$state/control-api/settings.yaml"
  fi
fi

exec node "$program" diagnose "$@"
