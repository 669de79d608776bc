#!/usr/bin/env bash
# The hub on real threads for STRESS_SECONDS (60): see src/main.rs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

cargo build --quiet --release --locked
exec timeout --kill-after=5 $((${STRESS_SECONDS:-60} + 60)) "$CARGO_TARGET_DIR/release/stress"
