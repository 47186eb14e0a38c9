#!/usr/bin/env bash
# A Debian package and the list of what it is made of, in target/package:
#
#   deploy/package.sh [PROFILE]     needs cargo-deb and cargo-cyclonedx (cargo install --locked ...)
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${1:-release}
folder=$profile && [ "$profile" != dev ] || folder=debug
target=${CARGO_TARGET_DIR:-target}
cargo build --locked --profile "$profile"

# What cargo-deb puts beside the program.
made=target/package
rm -rf "$made" && mkdir -p "$made/man"
program="$made/kpi-exporter"
cp "$target/$folder/kpi-exporter" "$program"
"$program" generate man --folder "$made/man"
for shell in bash zsh fish; do "$program" generate completions $shell >"$made/kpi-exporter.$shell"; done
sed 's#/usr/local/bin/#/usr/bin/#; s#^\# /etc/systemd/system/kpi-exporter.service; the program in /usr/bin/, its#\# The#' \
  deploy/systemd/kpi-exporter.service >"$made/kpi-exporter.service"

cargo deb --no-build --output "$made/"
cargo cyclonedx --format json --spec-version 1.5 --override-filename kpi-exporter.cdx --quiet
mv kpi-exporter.cdx.json "$made/"
ls -l "$made"/*.deb "$made"/*.json
