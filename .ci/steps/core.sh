# The core without any feature: a build of the workspace would give it those the adapter asks for.
set -euo pipefail
cargo test -p sse-codec
