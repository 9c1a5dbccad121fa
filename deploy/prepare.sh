#!/bin/sh
# Inside the compose file, once at each start, as root: hands out secrets and folders.
#
# Docker mounts a secret's file as it is on the host: 0600 and yours. So every part gets a copy that only its own user
# can read. Two more secrets are only ever used between containers; they are made here and seen by nobody.
set -eu
umask 077

given=${GIVEN_SECRETS:-/run/secrets}
out=${SECRETS_DIR:-/run/sidecar-secrets}
sidecar=${SIDECAR_OWNER:-65532:65532}

# put FOLDER NAME OWNER <content: replaced only when it differs, so that nobody reads an empty file meanwhile.
put() {
  mkdir -p "$out/$1"
  cat >"$out/$1/$2.new"
  chmod 0400 "$out/$1/$2.new"
  chown "$3" "$out/$1" "$out/$1/$2.new"
  mv -f "$out/$1/$2.new" "$out/$1/$2"
}

make() {
  mkdir -p "$out/internal"
  [ -s "$out/internal/$1" ] || tr -dc 0-9a-f </dev/urandom | head -c 64 >"$out/internal/$1"
}

chmod 0711 "$out"
make bouncer_token
make machine_password

for name in bouncer_key bouncer_token; do
  source=$given/$name
  [ "$name" = bouncer_key ] || source=$out/internal/$name
  for part in bouncer control-api crowdsec; do
    owner=0:0
    [ "$part" = bouncer ] && owner=$sidecar
    put "$part" "$name" "${ROOT_OWNER:-$owner}" <"$source"
  done
done
for part in control-api crowdsec; do
  put "$part" machine_password "${ROOT_OWNER:-0:0}" <"$out/internal/machine_password"
done
put control-api control_api_token "${ROOT_OWNER:-0:0}" <"$given/control_api_token"

for folder in ${LOGS_DIRS:-/var/log/caddy}; do
  chown "$sidecar" "$folder"
  chmod 0750 "$folder"
done
# Caddy's image leaves its certificates' folders to root, and a new volume inherits that.
for folder in ${CADDY_DIRS:-/data /config}; do
  chown -R "$sidecar" "$folder"
done
state=${BOUNCER_STATE:-/var/lib/bouncer}
chown -R "$sidecar" "$state"
chmod 0700 "$state"
