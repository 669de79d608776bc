# What can be read off the sources: their length, and that what is said twice is said alike.
set -euo pipefail
.ci/need jq
bad=0

most=450
while read -r lines file; do
    if [ "$lines" -gt $most ]; then
        echo "$file: $lines lines, more than $most"
        bad=1
    fi
done < <(find . -name target -prune -o -path '*/src/*' -name '*.rs' -exec wc -l {} \;)

# The two libraries: what their own README and the one at the top say of them.
metadata=$(cargo metadata --no-deps --format-version 1)
libraries=$(jq -r '.workspace_default_members as $default
    | .packages[] | select(.id | IN($default[]))
    | [.name, .rust_version, ([.features | keys[] | select(. != "default")] | join(" "))] | @tsv' \
    <<<"$metadata")
# The features a text names: in tables whose first heading is "feature", and as "feature `name`".
features_of() {
    {
        awk '/^\|/ { if (!row++) wanted = tolower($2) == "feature"; else if (wanted) print $2; next }
             { row = 0 }' "$1"
        sed -nE 's/.*feature (`[^`]+`).*/\1/p' "$1"
    } | sed -n 's/^`\(.*\)`$/\1/p' | sort -u
}
while IFS=$'\t' read -r name msrv features; do
    readme=$name/README.md
    said=$(features_of "$readme" | tr '\n' ' ')
    if [ "${said% }" != "$features" ]; then
        echo "$readme: the features are \"$features\", it names \"${said% }\""
        bad=1
    fi
    for file in README.md "$readme"; do
        while read -r version; do
            if [ "$version" != "$msrv" ]; then
                echo "$file: Rust $version, but $name needs $msrv"
                bad=1
            fi
        done < <(grep -oE 'Rust 1\.[0-9.]*[0-9]' "$file" | cut -d' ' -f2)
    done
done <<<"$libraries"
if ! grep -qE 'Rust 1\.[0-9]+' README.md; then
    echo 'README.md: does not say which "Rust 1.…" is needed'
    bad=1
fi

exit $bad
