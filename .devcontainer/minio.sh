#!/bin/bash
# `store serve`: MinIO on /data; or, where .env names a store elsewhere, nothing but the network that others share.
# `store health`: whether that is as it should be.
set -eu

here() { # whether MinIO is wanted here
  case ${AWS_ENDPOINT_URL_S3:-} in
    '' | http://127.0.0.1:* | http://localhost:*) ;;
    *) return 1 ;;
  esac
}

serve() {
  here || exec sleep infinity
  : "${MINIO_ROOT_USER:?without it MinIO would take minioadmin}" "${MINIO_ROOT_PASSWORD:?}"
  exec minio server /data --certs-dir /tmp/certs --quiet
}

health() {
  here || return 0
  exec 3<>"/dev/tcp/127.0.0.1/${MINIO_ADDRESS##*:}"
  printf 'GET /minio/health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
  IFS= read -r answer <&3
  case $answer in *' 200 '*) ;; *) return 1 ;; esac
}

"$1"
