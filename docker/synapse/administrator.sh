#!/bin/sh
# Makes the administrator's account, unless there is one: ADMIN_USER, ADMIN_PASSWORD and
# REGISTRATION_SHARED_SECRET in the environment, the homeserver's address as the argument.
set -eu
umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '%s' "$ADMIN_PASSWORD" >"$folder/password"
printf '%s' "$REGISTRATION_SHARED_SECRET" >"$folder/secret"
printf 'registration_shared_secret_path: %s\n' "$folder/secret" >"$folder/settings.yaml"
register_new_matrix_user --exists-ok --no-admin -u "$ADMIN_USER" \
    --password-file "$folder/password" -c "$folder/settings.yaml" "$1"
