#!/usr/bin/env bash
# The Debian package as somebody has it who installs it, `cargo install`, and the list of what the program is
# made of. Needs cargo-deb and cargo-cyclonedx; root or not, nothing is installed on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

deploy/package.sh dev
deb=$(echo target/package/*.deb)
depends=$(dpkg-deb --field "$deb" Depends)
[[ $depends == *ca-certificates*libc6* ]] || { echo "depends on: $depends"; exit 1; }
dpkg -x "$deb" "$work/root"
installed="$work/root/usr/bin/kpi-exporter"
version=$(sed -n '0,/^version = /s/^version = "\(.*\)"/\1/p' Cargo.toml)
[ "$("$installed" --version)" = "kpi-exporter $version" ]

# Every file that the package is there for.
for file in share/man/man1/kpi-exporter.1.gz share/man/man1/kpi-exporter-check.1.gz \
  share/bash-completion/completions/kpi-exporter share/zsh/vendor-completions/_kpi-exporter \
  share/fish/vendor_completions.d/kpi-exporter.fish share/kpi-exporter/prometheus/kpi-exporter.rules.yml \
  share/doc/kpi-exporter/copyright lib/systemd/system/kpi-exporter.service; do
  [ -s "$work/root/usr/$file" ] || { echo "not in the package: $file"; find "$work/root" -type f; exit 1; }
done

# The unit starts the program that is in the package; systemd finds nothing wrong with it.
unit="$work/root/usr/lib/systemd/system/kpi-exporter.service"
grep -q '^ExecStart=/usr/bin/kpi-exporter run$' "$unit"
sed "s#=/usr/bin/kpi-exporter#=$installed#" "$unit" >"$work/kpi-exporter.service"
if command -v systemd-analyze >/dev/null; then
  said=$(systemd-analyze verify --man=no "$work/kpi-exporter.service" 2>&1) || { echo "$said"; exit 1; }
  [[ $said != *kpi-exporter* ]] || { echo "$said"; exit 1; }
else
  echo "!!! NOT CHECKED: what systemd says of the unit (systemd is not installed)" >&2
fi
# Bash completes the commands by the file of the package.
completed=$(bash -c 'source "$1"; COMP_WORDS=(kpi-exporter ba) COMP_CWORD=1; "$(complete -p kpi-exporter | sed "s/.*-F \([^ ]*\).*/\1/")" kpi-exporter ba kpi-exporter; echo "${COMPREPLY[*]}"' \
  bash "$work/root/usr/share/bash-completion/completions/kpi-exporter")
[ "$completed" = backfill ] || { echo "completed: $completed"; exit 1; }
gzip -dc "$work/root/usr/share/man/man1/kpi-exporter.1.gz" >"$work/man" && grep -q '^.TH kpi-exporter' "$work/man"
# The program of the package, by the example that it carries.
"$installed" demo --write "$work/demo" >/dev/null && "$installed" check --config "$work/demo" >/dev/null

# What it is made of, by name and version: as cargo says.
cargo tree --locked --edges normal,build --prefix none --format '{p}' | awk '{ sub(/^v/, "", $2); print $1 " " $2 }' | sort -u >"$work/tree"
python3 - target/package/kpi-exporter.cdx.json "$work/tree" <<'PYTHON'
import json, sys
bom = json.load(open(sys.argv[1]))
said = {(one["name"], one["version"]) for one in bom["components"]}
there = {tuple(line.split()) for line in open(sys.argv[2])} - {("kpi-exporter", bom["metadata"]["component"]["version"])}
missing = there - said
assert not missing and len(there) > 200, (sorted(missing), len(there))
assert all(one.get("licenses") for one in bom["components"]), [one["name"] for one in bom["components"] if not one.get("licenses")]
print(f"{len(said)} components")
PYTHON

cargo install --locked --quiet --debug --path . --root "$work/cargo" --target-dir "$target"
[ "$("$work/cargo/bin/kpi-exporter" --version)" = "kpi-exporter $version" ]
echo "package: good"
