#!/bin/sh
# The figures of the server side: times, stalled clients, idle connections, fan-out; ours beside
# axum and a bare tokio loop. About seven minutes, on the loopback interface; 10,000 connections take
# as many open files in each of two processes.
#
#   benches/figures.sh [DIRECTORY]      where to put the figures as JSON
set -eu
cd "$(dirname "$0")/.."
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 10100 ] || {
    echo "10,100 open files are needed, $(ulimit -n) are allowed" >&2
    exit 1
}

cargo build --release --quiet -p benches --no-default-features --features load --bin load
program=${CARGO_TARGET_DIR:-target}/release/load
for part in latency stalled idle fanout; do
    printf '## %s\n\n' "$part"
    if [ $# -gt 0 ]; then
        "$program" "$part" --json "$1/$part.json"
    else
        "$program" "$part"
    fi
    echo
done
