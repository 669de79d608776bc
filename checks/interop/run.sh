#!/usr/bin/env bash
# Other people's clients read our stream, and our reader reads other people's servers; what each of
# them does differently is named in src/differences.rs, and told in docs/interop.md.
#
# Needs Debian's curl, npm and Python; takes the peers themselves, in the versions that peers/ pins,
# from npm and PyPI. Fails where it cannot run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
work=$CARGO_TARGET_DIR/interop
mkdir -p "$work"

command -v curl >/dev/null || ../../.ci/need curl
command -v npm >/dev/null || ../../.ci/need npm
python3 -c 'import ensurepip, venv' 2>/dev/null || ../../.ci/need python3-venv

# Here and not beside the scripts, so that nothing that was installed lies among the sources.
cp -rT peers "$work/peers"
npm --prefix "$work/peers" ci --silent
# The peers want a newer Node than Debian's.
node=$work/peers/node_modules/.bin/node
[ -x "$node" ] || node=$(command -v node)
python=$work/python/bin/python
[ -x "$python" ] || python3 -m venv "$work/python"
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement peers/requirements.txt

cargo build --quiet --locked
cd "$work"
exec timeout --kill-after=5 170 "$CARGO_TARGET_DIR/debug/interop" "$node" "$python" "$work/cases.json"
