#!/usr/bin/env bash
# Installs what the tests need from Debian's packages (unless it is there) and runs them all.
# Ends with one line that adds up all test binaries. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
need() { # package, program it brings
  local found
  found=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$2" || true)
  [ -n "$found" ] || packages+=("$1")
}
need prometheus promtool
need prometheus-alertmanager prometheus-alertmanager
need systemd systemd-analyze
need mariadb-server mariadbd
need faketime faketime
need chromium chromium
need nodejs node
need npm npm
need jsonnet jsonnet
need curl curl
need openssl openssl
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
if [ ${#packages[@]} -gt 0 ]; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get -o DPkg::Lock::Timeout=300 update
  # The tests start servers of their own; the packaged ones need not run.
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
    install -y --no-install-recommends "${packages[@]}"
fi

# The engine of ClickHouse, which Debian has only in an old version, and Prometheus' own parser; from
# PyPI, 180 MB.
chdb="${CARGO_TARGET_DIR:-target}/chdb" chdb_version=26.9.0 client_version=0.26.0
installed() { "$chdb/bin/python" -c "from importlib.metadata import version as v; import chdb
assert (v('chdb-core'), v('prometheus-client')) == ('$chdb_version', '$client_version')" 2>/dev/null; }
if ! installed; then
  python3 -m venv --clear "$chdb"
  "$chdb/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    "chdb-core==$chdb_version" "prometheus-client==$client_version"
fi

# What drives the browser, what looks at pages for those who do not see them, and the types that Grafana
# publishes; from npm, 60 MB.
npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --loglevel=error
# What completes and explains YAML in editors; 30 MB.
npm ci --prefix tests/editor --ignore-scripts --no-audit --no-fund --loglevel=error

# Asks the API everything that its description allows, and what it does not; from PyPI, 30 MB.
schemathesis="${CARGO_TARGET_DIR:-target}/schemathesis" schemathesis_version=4.32.5
installed() { "$schemathesis/bin/python" -c "from importlib.metadata import version as v
assert v('schemathesis') == '$schemathesis_version'" 2>/dev/null; }
if ! installed; then
  python3 -m venv --clear "$schemathesis"
  "$schemathesis/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
    "schemathesis==$schemathesis_version"
fi

# A mail server that wants STARTTLS and a login; from PyPI.
smtp="${CARGO_TARGET_DIR:-target}/smtp" aiosmtpd_version=1.4.6
if ! "$smtp/bin/python" -c "from importlib.metadata import version as v
assert v('aiosmtpd') == '$aiosmtpd_version'" 2>/dev/null; then
  python3 -m venv --clear "$smtp"
  "$smtp/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "aiosmtpd==$aiosmtpd_version"
fi

# Computes the KPIs of software as a service as well, with what it needs for that; from PyPI, 250 MB.
# What it says is committed: without it the tests go by that.
saas="${CARGO_TARGET_DIR:-target}/saas-metrics" saas_version=0.1.0
installed() { "$saas/bin/python" -c "from importlib.metadata import version as v; import saas_metrics
assert v('saas-metrics') == '$saas_version'" 2>/dev/null; }
if ! installed; then
  python3 -m venv --clear "$saas"
  "$saas/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
    "saas-metrics==$saas_version" duckdb==2.0.1 pandas==3.1.1 numpy==2.4.6 python-dateutil==4.0.0 || {
    rm -rf "$saas"
    echo "!!! NOT CHECKED: what saas-metrics says today (PyPI does not answer)" >&2
  }
fi

log=$(mktemp) seen=$(mktemp)
trap 'rm -f "$log" "$seen"' EXIT
export INSTA_SNAPSHOT_REFERENCES_FILE="$seen"
status=0
cargo test --locked --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?
# The pages in a browser, on the program that was just tested.
if [ $# = 0 ]; then
  cargo build --locked && node tests/browser/run.mjs 2>&1 | tee -a "$log" || status=$?
  # The schema in the server that editors ask.
  node tests/editor/run.mjs 2>&1 | tee -a "$log" || status=$?
fi
# A snapshot that no test has looked at is left behind. Only a full, good run can tell.
if [ "$status" = 0 ] && [ $# = 0 ]; then
  left=$(comm -23 <(find "$PWD/src" "$PWD/tests" -name '*.snap' | sort) \
    <(xargs -r realpath <"$seen" | sort -u))
  [ -z "$left" ] || { printf 'no test refers to the snapshot %s\n' $left >&2; status=1; }
fi
awk '/^test result:/ { for (i = 2; i <= NF; i++) {
       if ($i ~ /^passed/) p += $(i - 1); if ($i ~ /^failed/) f += $(i - 1); if ($i ~ /^ignored/) s += $(i - 1) } }
     END { printf "%d passed, %d failed, %d skipped\n", p, f, s }' "$log"
exit "$status"
