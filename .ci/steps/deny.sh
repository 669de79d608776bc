# Licences, banned crates and where crates come from: deny.toml for the two libraries, deny-tls.toml
# for what is built on them and speaks TLS.
set -euo pipefail
cargo deny --version >/dev/null 2>&1 || cargo install --quiet --locked --debug cargo-deny
cargo deny --all-features --exclude sse-codec-redis check licenses bans sources
for package in sse-cli sse-codec-redis; do
    [ -d "$package" ] || continue
    echo "$package"
    cargo deny --manifest-path "$package/Cargo.toml" --all-features --config deny-tls.toml \
        check licenses bans sources
done
