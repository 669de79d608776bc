# The documentation of the two libraries, as docs.rs builds it.
set -euo pipefail
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --all-features
