#!/bin/sh
# Undoes install.sh. Takes our rules out of Caddy first, so that nobody stays blocked.
#
#   sudo ./deploy/systemd/uninstall.sh            keeps settings, secrets, state and user
#   sudo ./deploy/systemd/uninstall.sh --purge    removes them as well, and the bouncer's user
#
# PREFIX and DESTDIR as for install.sh.
set -eu

dest=${DESTDIR:-}
prefix=${PREFIX:-/opt/caddy-crowdsec-sidecar}
list=$dest$prefix/.installed
purge=${1:-}

fail() {
  echo "uninstall.sh: $*" >&2
  exit 1
}

case $purge in '' | --purge) ;; *) fail "$purge: the only option is --purge" ;; esac
[ -f "$list" ] || fail "nothing of ours is in $dest$prefix (no $list)"
[ -n "$dest" ] || [ "$(id -u)" = 0 ] || fail 'must be root, or have DESTDIR'

if [ -z "$dest" ]; then
  systemctl disable --now caddy-crowdsec-control-api caddy-crowdsec-bouncer || true
  /usr/local/bin/caddy-crowdsec-bouncer clear ||
    echo 'uninstall.sh: Caddy did not answer; a "caddy reload" takes our rules out as well' >&2
fi

while IFS= read -r path; do
  rm -f -- "$dest$path"
done <"$list"
rm -rf -- "$dest$prefix"

if [ "$purge" = --purge ]; then
  rm -rf -- "$dest/etc/caddy-crowdsec-sidecar"
  for state in caddy-crowdsec-bouncer caddy-crowdsec-control-api; do
    rm -rf -- "$dest/var/lib/$state"
  done
  rm -rf -- "$dest/run/caddy-crowdsec-lane"
  [ -n "$dest" ] || userdel caddy-crowdsec || true
fi
[ -n "$dest" ] || systemctl daemon-reload
echo "removed $dest$prefix"
[ "$purge" = --purge ] || echo "kept $dest/etc/caddy-crowdsec-sidecar"
