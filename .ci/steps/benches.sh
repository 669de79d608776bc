# The benchmarks compile, the peers with them. Unoptimised: whether they build is the question.
set -euo pipefail
cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
cargo clippy -p benches --all-targets -- -D warnings
cargo bench -p benches --no-run --profile dev
