# What would be published builds. Together: alone, `sse-codec` would be looked up in the registry,
# where the name is another project's.
set -euo pipefail
.ci/need jq
unpublished=$(cargo metadata --no-deps --format-version 1 |
    jq -r '.packages[] | select(.publish == []) | "--exclude", .name')
# A new directory each time: cargo unpacks a packaged crate once for each directory and version, and
# would build the second library against what the first was in an earlier run.
mkdir -p "$CARGO_TARGET_DIR"
CARGO_TARGET_DIR=$(mktemp -d "$CARGO_TARGET_DIR/package.XXXXXX")
trap 'rm -r "$CARGO_TARGET_DIR"' EXIT
# shellcheck disable=SC2086
cargo package --workspace $unpublished --allow-dirty
