#!/usr/bin/env bash
# EventSource over reqwest 0.12 and 0.13 and over hyper-util's pooled client: 120,000 numbered events
# from a server that cuts its responses at random bytes, refuses and resets, of which none is lost or
# doubled; what docs/clients.md says of these clients; and MCP against the Python SDK's server.
#
# Takes the SDK from PyPI, in the version that peers/ pins. Fails where it cannot run.
#
#     checks/clients/run.sh [EVENTS]     for each client; 40,000
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
work=$CARGO_TARGET_DIR/clients
mkdir -p "$work"

python3 -c 'import ensurepip, venv' 2>/dev/null || ../../.ci/need python3-venv
python=$work/python/bin/python
[ -x "$python" ] || python3 -m venv "$work/python"
"$python" -m pip install --quiet --disable-pip-version-check --requirement peers/requirements.txt

cargo build --quiet --locked --release
exec timeout --kill-after=5 170 "$CARGO_TARGET_DIR/release/clients" "$python" "$@"
