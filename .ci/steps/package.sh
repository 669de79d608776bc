# What would be published builds. Together: alone, `sse-codec` would be looked up in the registry,
# where the name is another project's.
set -euo pipefail
.ci/need jq
unpublished=$(cargo metadata --no-deps --format-version 1 |
    jq -r '.packages[] | select(.publish == []) | "--exclude", .name')
# shellcheck disable=SC2086
cargo package --workspace $unpublished --allow-dirty
