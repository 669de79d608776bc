# What can be read off the sources: their length, who imports whom, and that what is said twice is
# said alike.
set -euo pipefail
.ci/need jq
bad=0

while read -r lines file; do
    most=450
    case $file in ./sse-codec/src/*) most=400 ;; esac
    if [ "$lines" -gt $most ]; then
        echo "$file: $lines lines, more than $most"
        bad=1
    fi
done < <(find . -name target -prune -o -path '*/src/*' -name '*.rs' -exec wc -l {} \;)

.ci/arrows || bad=1

# What bare metal does otherwise stands in target.rs. An attribute cannot read its constants.
if grep -rnE 'target_os|sse_codec_slow_path' sse-codec/src |
    grep -vE '^sse-codec/src/target\.rs:|#\[cfg_attr\((not\()?target_os = "none"\)?, inline'; then
    echo 'sse-codec/src/target.rs is the place for this'
    bad=1
fi

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

# SECURITY.md names a test for each advisory, docs/field-cases.md one for each report. In a table with
# such a column, what stands there in backquotes is a test, a path or a fuzz target; a file in
# parentheses is where the tests are.
for page in SECURITY.md docs/field-cases.md; do
    named=0
    while IFS= read -r tests; do
        read -ra files <<<"$(grep -oE '\([^() ]+\.rs\)' <<<"$tests" | tr -d '()' | tr '\n' ' ')"
        [ ${#files[@]} -gt 0 ] || files=(sse-codec/tests sse-codec-tokio/tests)
        while read -r name; do
            named=$((named + 1))
            [ -e "$name" ] || [ -f "fuzz/fuzz_targets/$name.rs" ] ||
                grep -rqE "^ *(async )?fn $name\\(" "${files[@]}" || {
                echo "$page: there is no \`$name\` in ${files[*]}"
                bad=1
            }
        done < <(grep -oE '`[^`]+`' <<<"$tests" | tr -d '`')
    done < <(awk -F ' *[|] *' '
        !/^\|/ { column = 0; next }
        !column { for (i = NF; i && $i != "the test here"; i--); column = i ? i : -1; next }
        column > 0 { print $column }' "$page")
    if [ $named = 0 ]; then
        echo "$page: names no test under \"the test here\""
        bad=1
    fi
done

.ci/engine || bad=1

exit $bad
