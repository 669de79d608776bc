# The benchmarks compile, the peers with them.
set -euo pipefail
cargo check -p benches -p sse-codec-plain --all-targets
