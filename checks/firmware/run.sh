#!/bin/bash
# Builds the images of sse-codec/firmware for a Cortex-M3 and a Cortex-M0, runs them in QEMU, and
# holds their sizes to the limits. What cannot be done is a failure, never skipped.
#
# The toolchain is rustup's; where that has no such target, Debian's, which compiles `core` itself.
# FIRMWARE_TOOLCHAIN=rustup or =debian asks for one of them and for no other.
set -euo pipefail
cd "$(dirname "$0")/../../sse-codec/firmware"

targets=(thumbv7m-none-eabi thumbv6m-none-eabi)

# need PATH-OR-COMMAND PACKAGE: installs the package if what is needed from it is missing.
need() {
    if ! { type -P "$1" || [[ -e $1 ]]; } >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$2"
    fi
}

use_rustup() {
    type -P rustup >/dev/null && rustup target add "${targets[@]}"
}

use_debian() {
    need /usr/bin/rustc rustc-web
    need /usr/bin/cargo cargo-web
    need ld.lld lld
    need /usr/lib/rustlib/src/rust/library/core rust-web-src
    export CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    export CARGO_TARGET_THUMBV7M_NONE_EABI_LINKER=ld.lld CARGO_TARGET_THUMBV6M_NONE_EABI_LINKER=ld.lld
    export CARGO_FLAGS=-Zbuild-std=core,alloc
}

case ${FIRMWARE_TOOLCHAIN:-any} in
    rustup) use_rustup ;;
    debian) use_debian ;;
    any) use_rustup || use_debian ;;
esac
need qemu-system-arm qemu-system-arm
need arm-none-eabi-nm binutils-arm-none-eabi
cargo=${CARGO:-cargo}
"$cargo" --version

# Clippy and rustfmt come with rustup's toolchain only.
if [[ $cargo == cargo ]]; then
    for workspace in . peers; do
        (cd $workspace && cargo fmt --check &&
            cargo clippy --locked --quiet --target thumbv7m-none-eabi -- -D warnings)
    done
fi

# With debug assertions first, then what is flashed.
for profile in dev release; do
    for target in "${targets[@]}"; do
        echo "== $target, $profile"
        "$cargo" run --locked --quiet ${CARGO_FLAGS:-} --package device --profile $profile --target "$target"
    done
done

./measure
