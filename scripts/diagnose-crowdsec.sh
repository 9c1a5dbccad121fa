#!/usr/bin/env bash
# Checks CrowdSec's connections and configuration in one command; works while the control API is down.
#
#   ./scripts/diagnose-crowdsec.sh                          for people
#   ./scripts/diagnose-crowdsec.sh --json                   for programs
#   ./scripts/diagnose-crowdsec.sh --data-dir /custom/path  CrowdSec's files elsewhere
#
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

exec node "$program" diagnose "$@"
