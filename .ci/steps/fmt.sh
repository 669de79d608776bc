# Every workspace, formatted.
set -euo pipefail
cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
while read -r manifest; do
    echo "$manifest"
    cargo fmt --all --check --manifest-path "$manifest"
done < <(find . -name target -prune -o -name Cargo.toml -exec grep -l '^\[workspace\]' {} + | sort)
