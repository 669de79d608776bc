# The fuzz targets build, and each runs for FUZZ_SECONDS without a finding.
set -euo pipefail
.ci/need g++
fuzz/smoke.sh "${FUZZ_SECONDS:-6}"
