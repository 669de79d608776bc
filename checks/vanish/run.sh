#!/usr/bin/env bash
# A peer that vanishes without FIN or RST is noticed: server and clients run in a network namespace
# of their own, whose only interface goes down in the middle of their streams.
#
# Fails where it cannot run: it takes the right to make a network namespace.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

../../.ci/need iproute2 util-linux
cargo build --quiet --locked

as_root=(--map-root-user)
[ "$(id -u)" != 0 ] || as_root=()
# What the program compares its own with, lest it take down the network of the machine.
OUTER_NETWORK=$(readlink /proc/self/ns/net)
export OUTER_NETWORK
exec timeout --kill-after=5 60 \
    unshare "${as_root[@]}" --net "$CARGO_TARGET_DIR/debug/vanish"
