#!/usr/bin/env bash
# The real EventSource beside our parser, and the page of the real `serve` example, in Debian's
# Chromium and Firefox over WebDriver. Where they differ from the standard is named in src/streams.rs,
# src/answers.rs and src/open.rs, and told in docs/interop.md.
#
# On loopback only. Fails where it cannot run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

../../.ci/need chromium chromium-driver firefox-esr procps
# Debian has no driver for its Firefox.
gecko=$CARGO_TARGET_DIR/geckodriver
[ -x "$gecko/bin/geckodriver" ] ||
    cargo install --quiet --locked --root "$gecko" --version 0.37.1 geckodriver
cargo build --quiet --locked
cargo build --quiet --locked --release --manifest-path ../../Cargo.toml \
    --package sse-codec-tokio --example serve

profile=$(mktemp -d)
# A session of its own: the driver puts the browser into another process group.
setsid timeout --foreground --kill-after=5 120 "$CARGO_TARGET_DIR/debug/browser" \
    "$(command -v chromium)" "$profile" "$(command -v firefox-esr)" "$gecko/bin/geckodriver" \
    "$CARGO_TARGET_DIR/release/examples/serve" &
check=$!
clean_up() {
    local left
    left=$(ps -o pid= --sid "$check" || true)
    [ -z "$left" ] || kill -KILL $left 2>/dev/null || true
    rm -rf "$profile"
}
trap clean_up EXIT
wait $check
