#!/bin/sh
# Installs both daemons as systemd services, from this clone. uninstall.sh undoes it.
#
#   npm ci && npm run build
#   sudo ./deploy/systemd/install.sh
#
#   PREFIX    where the program goes, /opt/caddy-crowdsec-sidecar by default
#   DESTDIR   a folder that stands for /, for packages and for trying: nothing is started then
#   NODE      the Node.js to run with, the one in PATH by default
#
# Settings and secrets that are there already are kept. Every file that it puts is written into a list, by which
# uninstall.sh takes it away again.
set -eu

here=$(cd -- "$(dirname -- "$0")" && pwd)
root=$(cd -- "$here/../.." && pwd)
dest=${DESTDIR:-}
prefix=${PREFIX:-/opt/caddy-crowdsec-sidecar}
node=${NODE:-$(command -v node || true)}
etc=/etc/caddy-crowdsec-sidecar
units=/etc/systemd/system
bin=/usr/local/bin
users=/etc/sysusers.d

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

[ -n "$node" ] || fail 'there is no node in PATH; install Node.js 20.19 or later, or set NODE'
[ -f "$root/dist/bouncer/main.js" ] || fail "nothing is built; run: npm ci && npm run build (in $root)"
[ -n "$dest" ] || [ "$(id -u)" = 0 ] || fail 'must be root, or have DESTDIR'
case $prefix in / | /usr | /opt | /etc | *..* | *[!a-zA-Z0-9/._-]*) fail "PREFIX=$prefix cannot be a folder of its own" ;; esac

umask 022
list=$dest$prefix/.installed
rm -rf -- "$dest$prefix.new"
mkdir -p -- "$dest$prefix.new/dist" "$dest$prefix.new/deploy" "$dest$units" "$dest$users" "$dest$bin"
cp -R -- "$root/dist/bouncer" "$root/dist/caddy" "$root/dist/control-api" "$root/dist/package.json" "$dest$prefix.new/dist"
cp -- "$root/package.json" "$root/LICENSE" "$dest$prefix.new"
cp -- "$root/deploy/README.md" "$dest$prefix.new/deploy"
# Only what runs; the lock file's marks tell which packages are for development.
(cd -- "$root" && npm ls --all --omit=dev --parseable 2>/dev/null) | sed -n "s#^$root/##p" | sort -u |
  (cd -- "$root" && tar -cf - -T -) | tar -xf - -C "$dest$prefix.new"
rm -rf -- "$dest$prefix"
mv -- "$dest$prefix.new" "$dest$prefix"
: >"$list"

fill() { sed -e "s#@PREFIX@#$prefix#g" -e "s#@NODE@#$node#g" -- "$1"; }

for daemon in bouncer control-api; do
  name=caddy-crowdsec-$daemon
  fill "$here/$name.service" >"$dest$units/$name.service"
  echo "$units/$name.service" >>"$list"
  # A name to type, which knows the service's settings.
  fill "$here/command.sh" | sed -e "s#@DAEMON@#$daemon#g" >"$dest$bin/$name"
  chmod 0755 -- "$dest$bin/$name"
  echo "$bin/$name" >>"$list"
done

cp -- "$here/caddy-crowdsec.sysusers" "$dest$users/caddy-crowdsec.conf"
echo "$users/caddy-crowdsec.conf" >>"$list"

mkdir -p -- "$dest$etc/secrets"
chmod 0700 -- "$dest$etc/secrets"
for name in bouncer control-api; do
  [ -e "$dest$etc/$name.env" ] || fill "$here/$name.env" >"$dest$etc/$name.env"
done

umask 077
for name in bouncer-token control-api-token; do
  [ -s "$dest$etc/secrets/$name" ] || tr -dc 0-9a-f </dev/urandom | head -c 64 >"$dest$etc/secrets/$name"
done
if [ ! -s "$dest$etc/secrets/bouncer-key" ] && [ -z "$dest" ] && command -v cscli >/dev/null; then
  # It refuses when there is one of that name already, whose key nobody can read again.
  cscli bouncers add caddy-sidecar -o raw >"$etc/secrets/bouncer-key" || rm -f -- "$etc/secrets/bouncer-key"
fi

echo "installed in $dest$prefix; settings in $dest$etc"
[ -s "$dest$etc/secrets/bouncer-key" ] ||
  echo "next: put the key that \"cscli bouncers add caddy-sidecar\" prints into $etc/secrets/bouncer-key"
if [ -z "$dest" ]; then
  systemd-sysusers caddy-crowdsec.conf
  systemctl daemon-reload
  echo 'then: systemctl enable --now caddy-crowdsec-bouncer caddy-crowdsec-control-api'
  echo 'later: sudo caddy-crowdsec-bouncer status, sudo caddy-crowdsec-control-api diagnose'
  echo "the page: http://localhost:8081; the token to sign in: sudo cat $etc/secrets/control-api-token"
fi
