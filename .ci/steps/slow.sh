# The parser without its fast paths gives the same: its tests against the oracle again.
set -euo pipefail
RUSTFLAGS="--cfg sse_codec_slow_path" CARGO_TARGET_DIR=$CARGO_TARGET_DIR/slow \
    cargo test -p sse-codec --features alloc --test decode
