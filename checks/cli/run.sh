#!/usr/bin/env bash
# The command `sse`, which is no default member of the workspace: its lints, its tests, what is made of
# its arguments, and a stream through nginx.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
cargo clippy -p sse-cli --no-deps --all-targets -- -D warnings
cargo test -p sse-cli

# The manual and the completions are read without complaint by what they are made for.
.ci/need groff mandoc
sse=${CARGO_TARGET_DIR:-target}/debug/sse
for page in '' $("$sse" man --list); do
    # shellcheck disable=SC2086
    "$sse" man $page | groff -man -Tutf8 -ww -z
    # shellcheck disable=SC2086
    "$sse" man $page | mandoc -Tlint -W error
done
"$sse" completions bash | bash -n
echo "sse $("$sse" --version | cut -d' ' -f2): $("$sse" man --list | wc -w) subcommands have a page"

checks/cli/through-nginx.sh "$sse"
