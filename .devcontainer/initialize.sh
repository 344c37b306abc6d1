#!/bin/sh
# .env.example -> .env, on the machine that has the engine: ports, endpoint and random credentials as `make run` would
# write them; what is there is kept. Needs no Python. The link is how compose finds the file.
set -eu
cd "$(dirname "$0")/.."
umask 077
[ "$(id -u)" -ne 0 ] || echo "initialize: you are root, the container's user is not, and has to write in this folder" >&2

hex() { od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }

source=.env
[ -f .env ] || source=.env.example
new=.env.$$
trap 'rm -f "$new"' EXIT
LASTRO_NEW_USER=$(hex 10) LASTRO_NEW_PASSWORD=$(hex 20) awk '
  { at = index($0, "="); name = substr($0, 1, at - 1); value = substr($0, at + 1) }
  /^[A-Z]/ && at {
    if (name ~ /_PORT$/ && ENVIRON[name] != "") value = ENVIRON[name]
    if (name == "MINIO_PORT") port = value
    if (name ~ /^(AWS_ENDPOINT_URL_S3|MLFLOW_S3_ENDPOINT_URL)$/ && value ~ /^(http:\/\/(127\.0\.0\.1|localhost):.*)?$/) {
      value = "http://127.0.0.1:" (port ? port : 9000)
      here = 1
    }
    if (here && name == "AWS_ACCESS_KEY_ID" && value == "") value = ENVIRON["LASTRO_NEW_USER"]
    if (here && name == "AWS_SECRET_ACCESS_KEY" && value == "") value = ENVIRON["LASTRO_NEW_PASSWORD"]
    print name "=" value
    next
  }
  { print }' "$source" >"$new"
cmp -s "$new" .env || mv "$new" .env
ln -sf ../.env .devcontainer/.env
