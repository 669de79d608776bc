#!/bin/sh
# Instructions per event of the main cases under callgrind, compared with the record beside this
# script: a slow-down shows on a noisy machine too. A changed count asks for a look, not for a
# verdict: a case may cost more instructions and be faster.
#
#   benches/instructions.sh            compare; fails when a case is off by more than the tolerance
#   benches/instructions.sh --update   write the record
#   TOLERANCE=5 benches/instructions.sh   in percent, 2 without
#
# The counts belong to x86-64 and to the compiler that the record names. Callgrind shows programs a
# processor with AVX2, whatever the machine has beyond that, if the machine has AVX2.
set -eu
cd "$(dirname "$0")/.."
record=benches/instructions.txt
tolerance=${TOLERANCE:-2}
cases="a-64k a-1400 a-64 b-64k b-64 h-64k d-64k e-64k f-64k f-64 a-64k-str a-64k-plain json-slice json-vec json-slices lines-slice lines-vec lines-slices read-a read-d lend-a lend-b lend-d"

cargo build --release --quiet -p benches --no-default-features --features read --bin one-case
program=${CARGO_TARGET_DIR:-target}/release/one-case

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 >/dev/null |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
for case in $cases; do
    events=$("$program" "$case" 0)
    few=$(instructions "$case" 1)
    many=$(instructions "$case" 3)
    awk -v name="$case" -v few="$few" -v many="$many" -v events="$events" \
        'BEGIN { printf "%s %.1f\n", name, (many - few) / (2 * events) }' >>"$counts"
done

if [ "${1-}" = --update ]; then
    {
        echo "# Instructions per event; written by benches/instructions.sh --update with"
        echo "# $(rustc --version), $(uname -m), $(valgrind --version)"
        cat "$counts"
    } >"$record"
    cat "$record"
    exit
fi

awk -v tolerance="$tolerance" '
    /^#/ { next }
    FILENAME == ARGV[1] { recorded[$1] = $2; next }
    !($1 in recorded) { printf "%-12s %10.1f  new\n", $1, $2; off = 1; next }
    {
        change = ($2 / recorded[$1] - 1) * 100
        beyond = change > tolerance || change < -tolerance
        printf "%-12s %10.1f  was %10.1f  %+6.1f %%%s\n", $1, $2, recorded[$1], change, beyond ? "  <-- look" : ""
        if (beyond) off = 1
    }
    END { exit off }
' "$record" "$counts" || {
    echo "Beyond the tolerance of $tolerance %: if it is meant, run benches/instructions.sh --update."
    exit 1
}
