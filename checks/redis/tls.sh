#!/usr/bin/env bash
# `rediss://`: a Redis that speaks TLS only, with a certificate of an authority made here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
(
    cd "$dir"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority \
        -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
        -keyout server.key -out server.csr
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >names
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem
) >/dev/null 2>&1
REDIS_TLS_DIR=$dir SSL_CERT_FILE=$dir/ca.pem cargo test --quiet --locked \
    --manifest-path ../../Cargo.toml --package sse-codec-redis --features tls --test tls -- --ignored
