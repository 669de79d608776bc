# Both libraries type-check for Windows and macOS. Not among the steps of a run without arguments:
# it is for machines where rustup has these targets, as in the public workflow.
set -euo pipefail
for target in x86_64-pc-windows-msvc aarch64-apple-darwin; do
    rustup target add "$target"
    cargo check --target "$target" -p sse-codec -p sse-codec-tokio --all-features
done
