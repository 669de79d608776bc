# The core compiles where there is no standard library, without and with a heap, or with vectors of
# fixed capacity in its place.
set -euo pipefail
.ci/bare-cargo check --target thumbv6m-none-eabi -p sse-codec
.ci/bare-cargo check --target thumbv6m-none-eabi -p sse-codec --features alloc
.ci/bare-cargo check --target thumbv6m-none-eabi -p sse-codec --features heapless-09
