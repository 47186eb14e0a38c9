#!/usr/bin/env bash
# Fuzzes each target for so many seconds (60), from another place in chance each time. Inputs that something
# is found by are told and kept under target/tmp/fuzz: once it is mended they belong into tests/fuzz/corpus.
# `tests/fuzz.sh 600 sql` is one target for ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
export KPI_FUZZ_SECONDS="$seconds" KPI_FUZZ_SEED="${KPI_FUZZ_SEED:-$RANDOM$RANDOM}" RUST_BACKTRACE=0
echo "seed $KPI_FUZZ_SEED"
exec nice cargo test --locked --test fuzz -- --nocapture "$@"
