# The libraries compile with the compiler they say they do.
set -euo pipefail
.ci/need jq
cargo metadata --no-deps --format-version 1 | jq -r '
    .workspace_default_members as $default | .packages[] | select(.id | IN($default[]))
    | [.name, .rust_version] | join(" ")' |
    while read -r name msrv; do
        rustc "+$msrv" --version 2>/dev/null || rustup toolchain install --profile minimal "$msrv"
        cargo "+$msrv" check -p "$name"
        cargo "+$msrv" check -p "$name" --all-features
    done
