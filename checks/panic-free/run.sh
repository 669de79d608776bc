#!/usr/bin/env bash
# No function of the core can reach a panic: the linker says so.
#
# A static library of the whole API (src/) is linked, and what its entries do not reach is thrown
# away. All panics end in one symbol, which is defined nowhere; so the link fails when a way to a
# panic is left, and the callers are named. It fails as well when an entry is missing in the
# result, and when a copy of the core with one `slice[i]` in it is not caught.
#
# What is shown holds for optimised code without overflow checks and debug assertions: the compiler
# has to see that a panic cannot happen.
#
# Outside of the set, by name: running out of memory (`alloc::raw_vec::handle_error`,
# `alloc::alloc::handle_alloc_error`), with the feature `alloc` only; and what the features `bytes`
# and `std` add, which ends in those libraries (`FrameBuf`, `to_bytes`, `IoSink`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
script=$PWD/entries.ld
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
work=$CARGO_TARGET_DIR/panic-free
mkdir -p "$work"

rust_lld=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -print -quit 2>/dev/null || true)
if [ -n "$rust_lld" ]; then
    lld=("$rust_lld" -flavor gnu)
else
    "$root/.ci/need" lld
    lld=(ld.lld)
fi

# build TARGET OPT_LEVEL [ARGUMENT…]: sets `library`. The target `host` is the compiler's own.
build() {
    local target=$1 level=$2 command=(cargo build) out=$CARGO_TARGET_DIR
    shift 2
    if [ "$target" != host ]; then
        command=("$root/.ci/bare-cargo" build --target "$target")
        out+=/$target
    fi
    CARGO_PROFILE_RELEASE_OPT_LEVEL=$level "${command[@]}" --quiet --locked --release "$@"
    library=$out/release/libentries.a
}

# link [ARGUMENT…]: makes $work/linked of the entries in `library` and what they reach.
link() {
    "${lld[@]}" --gc-sections --script "$script" --undefined-glob 'entry_*' -e 0 --emit-relocs \
        -Map "$work/map" -o "$work/linked" "$library" "$@"
}

# check NAME SOURCES [ARGUMENT…]: that the entries of these sources reach no panic.
check() {
    local name=$1 sources=$2 entry count=0
    shift 2
    if ! link "$@" 2>"$work/errors"; then
        cat "$work/errors"
        link --defsym a_panic_is_reachable=0 "$@" 2>/dev/null && callers
        echo "$name: a panic is reachable"
        return 1
    fi
    for entry in $(grep -ho 'entry_[a-z_]*(' $sources | tr -d '('); do
        if ! grep -q "(\.text\.$entry)" "$work/map"; then
            echo "$name: $entry has not been linked"
            return 1
        fi
        count=$((count + 1))
    done
    echo "$name: $count entries, no panic"
}

# Where in the sources the ways to a panic begin, as far as objdump knows the machine.
callers() {
    objdump --disassemble --reloc --no-show-raw-insn "$work/linked" 2>/dev/null |
        awk '/^[0-9a-f]+ <.*>:$/ { caller = $2; next }
             caller && /panic|_fail/ && caller !~ /panic|_fail|rust_begin_unwind/ { sub(":", "", $1); print $1, caller }' |
        while read -r address caller; do
            echo "a panic in $(c++filt <<<"$caller")"
            addr2line --inlines --functions --demangle --exe "$work/linked" "0x$address" |
                sed 's/^/    /'
        done
}

failed=0
# By name only, but a new function does not go unnoticed.
for function in $(grep -rhoE '^ *pub (const )?fn [a-z_]+' "$root/sse-codec/src" | awk '{ print $NF }' | sort -u); do
    case $function in
        into_buf | to_bytes | into_inner) continue ;;
    esac
    if ! grep -rqw "$function" src; then
        echo "the public function $function is not among the calls in src/"
        failed=1
    fi
done

core="src/decode.rs src/encode.rs src/http.rs src/reconnect.rs src/replay.rs src/text.rs"
for target in host thumbv7m-none-eabi thumbv6m-none-eabi; do
    for level in 3 s z; do
        build $target $level
        check "$target, opt-level $level" "$core" || failed=1
    done
done
for level in 3 s z; do
    build host $level --features simd
    check "host, simd, opt-level $level" "$core" || failed=1
done

# Without link-time optimisation, which would make the two functions part of others.
CARGO_PROFILE_RELEASE_LTO=off build host 3 --features growable
out_of_memory=$(nm "$library" 2>/dev/null |
    awk '$1 == "U" && /5alloc(7raw_vec12handle_error|5alloc18handle_alloc_error)/ { print $2 }' | sort -u)
check "host, growable" src/growable.rs $(printf -- '--defsym %s=0\n' $out_of_memory) || failed=1

# The check can fail.
copy=$work/copy
rm -rf "$copy"
mkdir -p "$copy"
tar -C "$root" -c --exclude=./.git --exclude=target . | tar -C "$copy" -x
cat >>"$copy/sse-codec/src/lib.rs" <<'RUST'

/// One indexed access.
pub fn planted(bytes: &[u8], at: usize) -> u8 {
    bytes[at]
}
RUST
for target in host thumbv7m-none-eabi thumbv6m-none-eabi; do
    build $target s --manifest-path "$copy/checks/panic-free/Cargo.toml" --features planted
    if check "planted" src/lib.rs >"$work/planted" || ! grep -q a_panic_is_reachable "$work/planted"; then
        cat "$work/planted"
        echo "$target: a planted slice[i] was not caught"
        exit 1
    fi
    echo "$target: a planted slice[i] is caught"
done

exit $failed
