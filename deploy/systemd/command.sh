#!/bin/sh
# @DAEMON@ as its service runs it, with the same settings and secrets:
#
#   sudo caddy-crowdsec-@DAEMON@ --help
set -eu

etc=/etc/caddy-crowdsec-sidecar
if [ ! -r "$etc/secrets/bouncer-token" ]; then
  echo "caddy-crowdsec-@DAEMON@: $etc/secrets belongs to root; run: sudo caddy-crowdsec-@DAEMON@ $*" >&2
  exit 2
fi

set -a
. "$etc/@DAEMON@.env"
BOUNCER_TOKEN_FILE=$etc/secrets/bouncer-token
case @DAEMON@ in
  bouncer) if [ -s "$etc/secrets/bouncer-key" ]; then CROWDSEC_BOUNCER_KEY_FILE=$etc/secrets/bouncer-key; fi ;;
  control-api) CONTROL_API_TOKEN_FILE=$etc/secrets/control-api-token ;;
esac
STATE_DIR=/var/lib/caddy-crowdsec-@DAEMON@
set +a

exec @NODE@ @PREFIX@/dist/@DAEMON@/main.js "$@"
