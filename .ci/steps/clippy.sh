# The two libraries with all features, their tests and examples included.
set -euo pipefail
cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
cargo clippy --all-targets --all-features -- -D warnings
