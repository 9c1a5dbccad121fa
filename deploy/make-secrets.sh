#!/bin/sh
# Makes the two secrets of the compose file, each once: a file that holds one already is left alone.
#
#   ./make-secrets.sh             in secrets/ beside this script
#   ./make-secrets.sh FOLDER      elsewhere
#
#   bouncer_key         by which the bouncer asks CrowdSec for decisions
#   control_api_token   by which people sign in to the page, and scripts call the API
set -eu
umask 077

folder=${1:-"$(dirname -- "$0")/secrets"}
mkdir -p -- "$folder"
chmod 0700 -- "$folder"

for name in bouncer_key control_api_token; do
  file=$folder/$name
  if [ -s "$file" ]; then
    chmod 0600 -- "$file"
    echo "kept  $file"
    continue
  fi
  # 256 random bits. Written beside and renamed: an interrupted run leaves no half a secret.
  tr -dc 0-9a-f </dev/urandom | head -c 64 >"$file.$$"
  mv -- "$file.$$" "$file"
  echo "made  $file"
done
