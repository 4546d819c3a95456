#!/bin/sh
# Starts Synapse with the settings of the file named, and with what only this installation knows:
# its name, the secrets of the environment, and keys that are made once. All of that is in /data,
# for Synapse's user alone. Needs SERVER_NAME and REGISTRATION_SHARED_SECRET; PUBLIC_URL may be empty.
set -eu
settings=$1
data=${SYNAPSE_DATA:-/data}
umask 077

once() {  # NAME: a secret of 256 bits, made at the first start
    [ -s "$data/$1" ] || head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$data/$1"
}

once macaroon_secret_key
once form_secret
[ -s "$data/signing.key" ] || generate_signing_key -o "$data/signing.key"
printf '%s' "$REGISTRATION_SHARED_SECRET" >"$data/registration_shared_secret"
cat >"$data/installation.yaml" <<YAML
server_name: "$SERVER_NAME"
public_baseurl: ${PUBLIC_URL:-null}
signing_key_path: $data/signing.key
macaroon_secret_key_path: $data/macaroon_secret_key
form_secret_path: $data/form_secret
registration_shared_secret_path: $data/registration_shared_secret
YAML
unset REGISTRATION_SHARED_SECRET
[ "$(id -u)" != 0 ] || chown -R 991:991 "$data"
# start.py is the image's own; as root it becomes the user 991 first.
exec "${SYNAPSE_START:-/start.py}" run -c "$settings" -c "$data/installation.yaml"
