#!/usr/bin/env bash
# Runs every fuzz target for so many seconds, from its seeds and what earlier runs have found:
#
#     fuzz/smoke.sh 30            # all of them
#     fuzz/smoke.sh 600 decode    # these
#
# Fails at the first crash, whose input stays in fuzz/artifacts. Without a sanitizer, since both
# crates forbid unsafe code and an address sanitizer would halve the executions;
# SANITIZER=address brings it back for what they depend on.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:?for how many seconds each?}
shift

rustc +nightly --version >/dev/null 2>&1 || rustup toolchain install --profile minimal nightly
cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
[ $# -gt 0 ] || readarray -t targets < <(cargo +nightly fuzz list)
[ $# -eq 0 ] || targets=("$@")

# What is of use: the oracle takes quadratic time, and a header is short.
declare -A max_len=([decode]=1024 [limits]=512 [encode]=1024 [data_writer]=1024 [http]=256 [connection]=640 [client]=512)

cargo +nightly fuzz build --sanitizer "${SANITIZER:-none}"
for target in "${targets[@]}"; do
    echo "fuzzing $target for $seconds s" >&2
    mkdir -p "corpus/$target"
    log=$(mktemp)
    if ! cargo +nightly fuzz run --sanitizer "${SANITIZER:-none}" "$target" \
        "corpus/$target" "seeds/$target" -- \
        -max_total_time="$seconds" -max_len="${max_len[$target]:-1024}" -dict=sse.dict \
        -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
    grep -E 'INITED|DONE|number_of_executed_units|peak_rss' "$log"
    rm "$log"
done
