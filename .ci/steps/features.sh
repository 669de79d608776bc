# Every combination of features of each library: the library alone, which a workspace build would
# give the features others ask for, and with its tests and examples.
set -euo pipefail
.ci/need jq
cargo clippy --version >/dev/null 2>&1 || rustup component add clippy

libraries=$(cargo metadata --no-deps --format-version 1 | jq -r '
    .workspace_default_members as $default | .packages[] | select(.id | IN($default[]))
    | [.name, (.features | keys[] | select(. != "default"))] | join(" ")')
while read -r name features; do
    read -ra features <<<"$features"
    for ((set = 0; set < 1 << ${#features[@]}; set++)); do
        chosen=()
        for i in "${!features[@]}"; do
            ((set >> i & 1)) && chosen+=("${features[i]}")
        done
        list=$(IFS=, && echo "${chosen[*]}")
        echo "$name: ${list:-no feature}"
        for what in --lib --all-targets; do
            cargo clippy --quiet -p "$name" $what --no-default-features --features "$list" \
                -- -D warnings
        done
    done
done <<<"$libraries"
