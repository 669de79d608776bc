# Instructions per event, with the compiler that the record was made with.
set -euo pipefail
.ci/need valgrind
recorded=$(sed -n 's/^# rustc \([0-9.]*\) .*/\1/p' benches/instructions.txt)
if [ "$(rustc --version | cut -d' ' -f2)" != "$recorded" ]; then
    rustc "+$recorded" --version 2>/dev/null || rustup toolchain install --profile minimal "$recorded"
    export RUSTUP_TOOLCHAIN=$recorded
fi
TOLERANCE=${TOLERANCE:-10} sh benches/instructions.sh
