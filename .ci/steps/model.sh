# Every stream and every value that can be made of a few tokens, deeper than `cargo test` goes:
# sse-codec/tests/model.rs. MODEL_MOST says how many of each kind at most.
set -euo pipefail
export MODEL_MOST=${MODEL_MOST:-100000}
cargo test --release -p sse-codec --all-features --test model -- --ignored --nocapture
