# The benchmarks compile, the peers with them; what is said of the figures is what was measured.
set -euo pipefail
cargo check -p benches -p sse-codec-plain --all-targets
sh benches/tables.sh report --check
