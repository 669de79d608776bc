# The README's command.
set -euo pipefail
cargo test
