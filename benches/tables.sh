#!/bin/sh
# The decode and encode tables, measured anew, and what is read of them: benches/figures/ and the
# part of README.md between its marks. Close what else runs.
#
#   benches/tables.sh [--quick | --rounds N]   all of it; what follows goes to the tables
#   benches/tables.sh report [--check]         only what is read, of the JSON that is there
set -eu
cd "$(dirname "$0")/.."

if [ "${1-}" != report ]; then
    echo "Building the tables, with the peers"
    cargo build --release --quiet -p benches --bin decode-table --bin encode-table
    for table in decode encode; do
        echo "Measuring $table: benches/figures/$table.json"
        "${CARGO_TARGET_DIR:-target}/release/$table-table" "$@" --json "benches/figures/$table.json"
    done
    set -- report
fi
shift
cargo run --quiet -p benches --no-default-features --features chart --bin report -- "$@"
