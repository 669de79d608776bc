#!/usr/bin/env bash
# The hub's wake path (sse-codec-tokio/src/hub/wake.rs) under loom, in every order of its steps up to
# three preemptions; and that a fault in it is found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

cargo run --quiet --release --locked

# fault NAME FROM TO: what the source says once, said wrong, has to fail.
copy=$CARGO_TARGET_DIR/faults
fault() {
    rm -rf "$copy"
    mkdir -p "$copy/checks/wake" "$copy/sse-codec-tokio/src/hub"
    cp -r Cargo.toml Cargo.lock src "$copy/checks/wake"
    cp ../../sse-codec-tokio/src/hub/wake.rs "$copy/sse-codec-tokio/src/hub"
    NAME=$1 FROM=$2 TO=$3 perl -0pi -e '
        s/\Q$ENV{FROM}\E/$ENV{TO}/ or die "$ENV{NAME}: the source does not say \"$ENV{FROM}\"\n"' \
        "$copy/sse-codec-tokio/src/hub/wake.rs"
    if (cd "$copy/checks/wake" && CARGO_TARGET_DIR=$copy/../with-faults \
        cargo run --quiet --release --locked) >"$copy/said" 2>&1; then
        echo "not found: $1"
        exit 1
    fi
    grep -qE 'deadlock|panicked' "$copy/said" || { cat "$copy/said"; exit 1; }
    echo "found: $1"
}
fault 'dirty for ever' 'self.is_dirty = false;' ''
fault 'nobody rings' '!self.parked.is_empty() && !mem::replace' '!self.parked.is_empty() && mem::replace'
fault 'the pump goes with what it was rung for' 'let dirty = mem::take(&mut state.dirty);
        let waker' 'let dirty: Vec<T> = Vec::new();
        let waker'
fault 'a pump that is gone is rung' 'state.is_running = false;' ''
fault 'a slot forgets that it is parked' 'if !mem::replace(&mut place.is_parked, true)' 'place.is_parked = true; if true'
fault 'the pump does not look again before it waits' 'let old = state.waker.replace(waker);' \
    'drop(state); let mut state = self.lock(); let old = state.waker.replace(waker);'
