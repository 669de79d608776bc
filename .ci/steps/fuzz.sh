# The fuzz targets build, and each runs for FUZZ_SECONDS without a finding.
set -euo pipefail
.ci/need g++
rustc +nightly --version 2>/dev/null || rustup toolchain install --profile minimal nightly
cargo fuzz --version 2>/dev/null || cargo install --quiet --locked --debug cargo-fuzz
bash fuzz/smoke.sh "${FUZZ_SECONDS:-10}"
