#!/usr/bin/env bash
# Hostile clients against the real `serve` example, and hostile servers against `EventReader`: memory
# is bounded, those that behave do not notice, and the server says why each connection has ended.
#
# On loopback only. Fails where it cannot run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

cargo build --quiet --locked
cargo build --quiet --locked --release --manifest-path ../../Cargo.toml \
    --package sse-codec-tokio --example serve

# For both sides of the connections that are open at once.
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 2048 ] || ulimit -n 2048
exec timeout --kill-after=5 85 "$CARGO_TARGET_DIR/debug/hostile" \
    "$CARGO_TARGET_DIR/release/examples/serve"
