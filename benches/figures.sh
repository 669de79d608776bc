#!/bin/sh
# The figures of the server side: times, stalled clients, idle connections, fan-out; ours beside
# axum and a bare tokio loop, in benches/figures/servers.md. About seven minutes, on the loopback
# interface; 10,000 connections take as many open files in each of two processes.
set -eu
cd "$(dirname "$0")/.."
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 10100 ] || {
    echo "10,100 open files are needed, $(ulimit -n) are allowed" >&2
    exit 1
}

cargo build --release --quiet -p benches --no-default-features --features load --bin load
program=${CARGO_TARGET_DIR:-target}/release/load
{
    cat <<'END'
# Servers

What a server costs and how soon it knows: `sse-codec-tokio` beside axum and a bare tokio loop, with
one client in one run, on the loopback interface. Written by `sh benches/figures.sh`; what each part
does stands in [benches/README.md](../README.md).
END
    for part in latency stalled idle fanout; do
        printf '\n## %s\n\n' "$part"
        "$program" "$part"
    done
} | tee benches/figures/servers.md
