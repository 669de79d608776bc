# Licences, banned crates and where crates come from: deny.toml.
set -euo pipefail
cargo deny --version >/dev/null 2>&1 || cargo install --quiet --locked --debug cargo-deny
cargo deny --all-features check licenses bans sources
