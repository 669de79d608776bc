#!/usr/bin/env bash
# EventSource over reqwest 0.12 and 0.13 and over hyper-util's pooled client: 120,000 numbered events
# from a server that cuts its responses at random bytes, refuses and resets, of which none is lost or
# doubled; and what docs/clients.md says of these clients.
#
#     checks/clients/run.sh [EVENTS]     for each client; 40,000
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --quiet --locked --release
exec timeout --kill-after=5 170 "$CARGO_TARGET_DIR/release/clients" "$@"
