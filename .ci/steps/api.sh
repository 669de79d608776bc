# What the two libraries offer, with all features, is what their public-api.txt says:
#
#     bash .ci/steps/api.sh            compare, and print what is different
#     bash .ci/steps/api.sh --update   write the listings
#
# A listing has what is said and derived, without what the compiler adds (auto traits, blanket
# impls). The tool reads rustdoc's JSON, which changes from one compiler to the next, so both are
# named here and go up together; a stable compiler gives the JSON to crates it is told to.
set -euo pipefail
tool=0.52.0
rust=1.95.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
.ci/need jq
[ "$(cargo public-api --version 2>/dev/null)" = "cargo-public-api $tool" ] ||
    cargo install --quiet --locked --debug "cargo-public-api@$tool"
toolchain=()
if [ "$(rustc --version | cut -d' ' -f2)" != $rust ]; then
    rustc "+$rust" --version 2>/dev/null || rustup toolchain install --profile minimal $rust
    toolchain=("+$rust")
fi

# Apart from other builds: `cargo doc` writes to the same directory, and may empty it.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/api
now=$(mktemp)
trap 'rm -f "$now"' EXIT
bad=0
while read -r name; do
    crate=${name//-/_}
    RUSTC_BOOTSTRAP=$crate cargo "${toolchain[@]}" rustdoc --quiet -p "$name" --lib --all-features -- \
        -Zunstable-options --output-format json --cap-lints allow
    cargo public-api --rustdoc-json "$CARGO_TARGET_DIR/doc/$crate.json" -ss --color never >"$now"
    # A listing of nothing would compare well with another one.
    grep -q "^pub mod $crate\$" "$now"
    if [ "${1-}" = --update ]; then
        cp "$now" "$name/public-api.txt"
    elif ! diff -u --label "$name/public-api.txt" --label 'the sources' "$name/public-api.txt" "$now"; then
        bad=1
    else
        echo "$name: $(wc -l <"$now") lines"
    fi
done < <(cargo metadata --no-deps --format-version 1 | jq -r '
    .workspace_default_members as $default | .packages[] | select(.id | IN($default[])) | .name')

if [ $bad = 1 ]; then
    echo 'The public API is not what is recorded. If it is meant: bash .ci/steps/api.sh --update, and'
    echo 'a line in CHANGELOG.md.'
fi
exit $bad
