#!/bin/bash
# Inside CrowdSec's container, before its own start: secrets from files into the variables that the image reads, and the
# notification that tells the bouncer about a new alert at once.
#
#   start.sh COMMAND…   ends by becoming COMMAND
set -eu
umask 077

secrets=${SECRETS_DIR:-/run/sidecar-secrets/crowdsec}
notifications=${NOTIFICATIONS_DIR:-/etc/crowdsec/notifications}

# The image registers a bouncer of this name with this key, unless it has one of that name.
BOUNCER_KEY_caddy_sidecar=$(cat "$secrets/bouncer_key")
AGENT_PASSWORD=$(cat "$secrets/machine_password")
export BOUNCER_KEY_caddy_sidecar AGENT_PASSWORD

mkdir -p "$notifications"
cat >"$notifications/caddy-sidecar.yaml" <<YAML
type: http
name: caddy_sidecar_push
log_level: warn
# Unset, CrowdSec waits for the next second. A group_threshold would bring that second back.
group_wait: 10ms
# Short on purpose: the alerts themselves can exceed what a plugin takes, and the bouncer pulls them anyway.
format: '{"alerts":{{len .}}}'
url: ${REFRESH_URL:-http://bouncer:8090/refresh}
method: POST
headers:
  Authorization: Bearer $(cat "$secrets/bouncer_token")
YAML

exec "$@"
