#!/usr/bin/env bash
# What this project gives to other programs, tried with the current ones: Prometheus, Alertmanager,
# VictoriaMetrics and Helm are built with `go` by their module versions, outside of the tree, and kept there;
# Trino is fetched where there is a JDK for it. Ends with a table of what was tried. What cannot be fetched or
# built is skipped, and the table says so; what is there and does not work is a failure.
#
#   tests/compat.sh          needs go and python3; about 12 minutes the first time, 5 after that
#
# COMPAT_LIMIT: seconds for fetching and building (480); what is not built by then is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

prometheus=v0.316.0 # 3.16
alertmanager=v0.35.0
victoriametrics=v1.151.0
helm=v3.22.0
trino=476
toolkit=v0.20.0
operator=v0.85.0
kubernetes_validate=1.37.0

cache="${XDG_CACHE_HOME:-$HOME/.cache}/kpi-exporter/compat"
limit=${COMPAT_LIMIT:-480}
# What is downloaded and compiled goes when all is built: 5 GB. The programs stay: 300 MB.
mkdir -p "$cache"
export GOMODCACHE="$cache/go/mod" GOCACHE="$cache/go/build" GOWORK=off GOTOOLCHAIN=local GOFLAGS=-mod=mod
work=$(mktemp -d)
started=()
end() {
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  wait 2>/dev/null || true
  chmod -R u+w "$cache/go" 2>/dev/null || true
  rm -rf "$work" "$cache/go"
}
trap end EXIT
rows=() failed=0
row() { rows+=("$(printf '%-16s %-10s %-52s %s' "$@")"); }
say() { printf '\n== %s\n' "$*"; }

# check NAME VERSION WHAT COMMAND...: a row of the table; what the command said when it failed.
check() {
  local name=$1 version=$2 what=$3
  shift 3
  say "$name $version: $what"
  if "$@" >"$work/said" 2>&1; then
    row "$name" "$version" "$what" ok
  else
    tail -40 "$work/said"
    row "$name" "$version" "$what" FAILED
    failed=1
  fi
}

until_it() { # WHAT SECONDS COMMAND...
  local what=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@"; do
    [ $SECONDS -lt $deadline ] || { echo "never: $what"; return 1; }
    sleep 0.3
  done
}

# build NAME VERSION MODULE TAGS PACKAGE...: into $cache/NAME-VERSION, once. As its authors build it: in its
# own module, so by the versions of its go.sum.
build() {
  local name=$1 version=$2 module=$3 tags=$4
  shift 4
  local to="$cache/$name-$version"
  [ ! -e "$to/done" ] || return 0
  local left=$((limit - (SECONDS - began)))
  [ "$left" -gt 0 ] || { echo "no time left for $name"; return 1; }
  say "builds $name $version"
  timeout "$left" bash -euo pipefail -c '
    name=$1 version=$2 module=$3 tags=$4 to=$5 src=$6
    shift 6
    from=$(cd "$src" && go mod download -json "$module@$version" | sed -n "s/.*\"Dir\": \"\(.*\)\",/\1/p")
    [ -n "$from" ] || { echo "$module $version is not to be had"; exit 1; }
    cp -r "$from" "$src/$name" && chmod -R u+w "$src/$name" && cd "$src/$name"
    # Its pages are not part of the module; nobody looks at them here.
    if [ "$name" = alertmanager ]; then mkdir -p ui/app/dist && echo "<html></html>" >ui/app/dist/index.html; fi
    mkdir -p "$to"
    go build -tags "$tags" -ldflags "-s -w" -o "$to/" "$@"
    touch "$to/done"
  ' build "$name" "$version" "$module" "$tags" "$to" "$work" "$@" 2>&1 | { grep -v 'downloading' || true; }
  rm -rf "${work:?}/$name"
  [ -e "$to/done" ]
}

# A program of ours that uses a module of others; it is small, so its module is made here.
program() { # NAME MODULE@VERSION...
  local name=$1
  shift
  local to="$cache/$name-$(cat "tests/compat/$name/main.go" <(echo "$@") | sha256sum | cut -c1-12)"
  if [ ! -e "$to/$name" ]; then
    local left=$((limit - (SECONDS - began)))
    [ "$left" -gt 0 ] || return 1
    say "builds the program of ours that uses $*"
    mkdir -p "$work/$name" "$to"
    cp "tests/compat/$name/main.go" "$work/$name/"
    (cd "$work/$name" && go mod init "$name" &&
      timeout "$left" go get "$@" && timeout "$left" go build -o "$to/$name" .) >"$work/said" 2>&1 ||
      { tail -5 "$work/said"; return 1; }
  fi
  ln -sfn "$to" "$work/$name-bin"
}

have() { command -v "$1" >/dev/null; }
began=$SECONDS
have go || { echo "go is not installed: nothing is compared with current programs" >&2; exit 2; }

tags=remove_all_sd,enable_file_sd
built_prometheus= built_alertmanager= built_helm= built_vm=
build prometheus $prometheus github.com/prometheus/prometheus $tags ./cmd/prometheus ./cmd/promtool && built_prometheus=1 ||
  row Prometheus "$prometheus" "all" "skipped: not built"
build alertmanager $alertmanager github.com/prometheus/alertmanager '' ./cmd/alertmanager ./cmd/amtool && built_alertmanager=1 ||
  row Alertmanager "$alertmanager" "all" "skipped: not built"
build helm $helm helm.sh/helm/v3 '' ./cmd/helm && built_helm=1 || row Helm "$helm" "all" "skipped: not built"
build victoriametrics $victoriametrics github.com/VictoriaMetrics/VictoriaMetrics '' ./app/victoria-metrics ./app/vmalert && built_vm=1 ||
  row VictoriaMetrics "$victoriametrics" "all" "skipped: not built"

cargo build --locked --quiet
exporter="${CARGO_TARGET_DIR:-$PWD/target}/debug/kpi-exporter"

# --- Web configuration: what exporter-toolkit takes and what we take -------------------------------------
web_configuration() {
  local cases="$work/web" at=0 line strict file theirs ours differ=0 taken=0
  mkdir -p "$cases"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$cases/server.key" -out "$cases/server.crt" 2>/dev/null
  cp "$cases/server.crt" "$cases/ca.crt"
  while IFS= read -r line; do
    [[ $line == \#* ]] && continue
    at=$((at + 1)) strict=
    [[ $line != stricter:* ]] || strict=1
    line=${line#stricter: }
    file=$(printf '%s/case-%02d.yml' "$cases" $at)
    printf '%s\n' "${line//\\n/$'\n'}" >"$file"
    theirs=$("$work/toolkit-bin/toolkit" "$file")
    printf 'version: 1\nserver: { web_config_file: %s }\n' "$file" >"$cases/kpis.yaml"
    if "$exporter" check --config.file "$cases/kpis.yaml" >"$work/ours" 2>&1; then ours=accepted; else ours=refused; fi
    [ $ours = refused ] || taken=$((taken + 1))
    if [ -n "$strict" ] && [ "${theirs%% *}$ours" = acceptedrefused ]; then continue; fi
    if [ -n "$strict" ] || [ "${theirs%% *}" != $ours ]; then
      printf 'differ: %s\n  exporter-toolkit: %s\n  kpi-exporter: %s\n' "$line" "$theirs" "$ours: $(head -1 "$work/ours")"
      differ=1
    fi
  done <tests/compat/web/cases.txt
  [ $at -gt 40 ] && [ $taken -gt 10 ] && [ $taken -lt $at ] || { echo "$taken of $at accepted"; return 1; }
  echo "$at files"
  return $differ
}
if program toolkit github.com/prometheus/exporter-toolkit/web@$toolkit; then
  check exporter-toolkit $toolkit "the same web configurations accepted and refused" web_configuration
else
  row exporter-toolkit $toolkit "all" "skipped: not built"
fi

# --- Helm ----------------------------------------------------------------------------------------------
chart=deploy/helm/kpi-exporter
chart_lints() { "$cache/helm-$helm/helm" lint --strict $chart "$@"; }
chart_renders() { # VALUES
  "$cache/helm-$helm/helm" template kpis $chart --kube-version 1.33.0 -f "$1" >"$work/objects.yaml" || return 1
  grep -q '^kind: Deployment' "$work/objects.yaml" || return 1
  if [ -e "$work/operator-bin" ]; then "$work/operator-bin/operator" <"$work/objects.yaml" || return 1; fi
  [ ! -x "$validate" ] || "$validate" --strict "$work/objects.yaml" || return 1
}
chart_refuses() { # VALUES
  ! "$cache/helm-$helm/helm" template kpis $chart --kube-version 1.33.0 -f "$1"
}
if [ -n "$built_helm" ]; then
  venv="$cache/kubernetes-validate-$kubernetes_validate" validate="$cache/kubernetes-validate-$kubernetes_validate/bin/kubernetes-validate"
  if [ ! -x "$validate" ]; then
    { python3 -m venv --clear "$venv" && timeout 120 "$venv/bin/pip" install --quiet --disable-pip-version-check \
      --only-binary :all: "kubernetes-validate==$kubernetes_validate"; } || rm -rf "$venv"
  fi
  [ -x "$validate" ] || row Kubernetes 1.37 "objects of the chart against its schemas" "skipped: not fetched"
  program operator github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring@$operator ||
    row Operator $operator "objects of the chart by its types" "skipped: not built"
  check Helm $helm "lint --strict, default values" chart_lints
  for values in tests/compat/values/*.yaml; do
    name=$(basename "$values" .yaml)
    case $name in
      bad-*) check Helm $helm "values refused: $name" chart_refuses "$values" ;;
      *)
        check Helm $helm "lint --strict: $name" chart_lints -f "$values"
        check Helm $helm "objects are of the schemas: $name" chart_renders "$values"
        ;;
    esac
  done
fi

# --- Prometheus and Alertmanager -----------------------------------------------------------------------
# One folder with the names that Debian's packages have, which the tests start by name.
names() { # FOLDER PROMETHEUS-FOLDER ALERTMANAGER-FOLDER
  mkdir -p "$work/$1"
  ln -sf "$2/prometheus" "$2/promtool" "$work/$1/"
  ln -sf "$3/amtool" "$work/$1/amtool"
  ln -sf "$3/alertmanager" "$work/$1/prometheus-alertmanager"
}
version_of() { "$@" --version 2>&1 | sed -n 's/.*version \([0-9][^ ,]*\).*/\1/p' | head -1; }
config_of() { # SCRAPE-LINES
  cat <<YAML
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [$work/rules.yml]
scrape_configs:
  - job_name: kpi-exporter
$1
    static_configs: [{ targets: ["$address"] }]
YAML
}
asks() { curl --silent --fail --max-time 5 "$@"; }
scrapes() { # PROMETHEUS SCRAPE-LINES
  config_of "$2" >"$work/prometheus.yml"
  local port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  rm -rf "$work/tsdb"
  "$1" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --web.listen-address=127.0.0.1:$port \
    >"$work/prometheus.log" 2>&1 &
  local id=$! good=0
  started+=($id)
  query() { asks "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" | grep -q "$2"; }
  until_it "values" 60 query 'kpi_value{kpi="trial_to_paid"}' '"0.1' &&
    until_it "a rule's series" 60 query 'kpi:on_track:bool' trial_to_paid &&
    until_it "an alert that fires" 90 query 'ALERTS{alertname="KPILeadingOffTrack",alertstate="firing"}' trial_to_paid || good=1
  asks "http://127.0.0.1:$port/api/v1/rules" | tee "$work/health" | grep -q '"health":"err"' &&
    { grep -o '"lastError":"[^"]*"' "$work/health"; good=1; }
  asks "http://127.0.0.1:$port/api/v1/targets" | grep -q '"lastError":""' || good=1
  kill $id && wait $id 2>/dev/null || true
  [ $good = 0 ] || tail -20 "$work/prometheus.log"
  return $good
}
answers() { # ACCEPT TYPE
  asks --header "Accept: $1" --output "$work/body" --write-out '%{content_type}' "http://$address/metrics" | tee "$work/type"
  grep -q "$2" "$work/type" && grep -q '^kpi_value' "$work/body"
}

"$exporter" generate rules --duration-scale 0.01 --output "$work/rules.yml" --config.file /nonexistent
"$exporter" demo --web.listen-address=127.0.0.1:0 2>"$work/demo.log" &
started+=($!)
until_it "the exporter serves" 60 grep -q 'serves http' "$work/demo.log"
address=$(sed -n 's#.*serves http://\([^/]*\)/.*#\1#p' "$work/demo.log" | head -1)
ready() { asks "http://$address/-/ready" >/dev/null; }
until_it "the exporter is ready" 60 ready

# As Prometheus 3 asks with native histograms on, and with names in UTF-8.
text='text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3'
open='application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5'
proto='application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7'
check "(any client)" - "protobuf first, then OpenMetrics, then text" answers "$proto,$open,$text,*/*;q=0.2" openmetrics-text
check "(any client)" - "protobuf first, then text" answers "$proto,$text" text/plain
check "(any client)" - "protobuf and nothing else is given text" answers "$proto" text/plain

tests() { # NAMES FILTER...
  local path="$work/$1:$PATH"
  shift
  PATH=$path cargo test --locked --quiet --test alerting -- "$@"
}
both() { # LABEL NAMES
  local prometheus_is alertmanager_is
  # A build of the module does not know its version.
  prometheus_is=$(version_of "$work/$2/prometheus") && prometheus_is=${prometheus_is:-$prometheus}
  alertmanager_is=$(version_of "$work/$2/prometheus-alertmanager") && alertmanager_is=${alertmanager_is:-$alertmanager}
  local lint=(--lint=all --lint-fatal)
  check Prometheus "$prometheus_is" "promtool check rules --lint-fatal" "$work/$2/promtool" check rules "${lint[@]}" deploy/prometheus/kpi-exporter.rules.yml
  check Prometheus "$prometheus_is" "promtool test rules" "$work/$2/promtool" test rules deploy/prometheus/tests/*.yml
  check Prometheus "$prometheus_is" "promtool check metrics" bash -c "curl -sf http://$address/metrics | $work/$2/promtool check metrics"
  check Prometheus "$prometheus_is" "scrapes, records, fires" scrapes "$work/$2/prometheus" ''
  check Alertmanager "$alertmanager_is" "amtool check-config" "$work/$2/amtool" check-config deploy/alertmanager/alertmanager.yml
  if [ "$2" = debian ]; then
    row Alertmanager "$alertmanager_is" "routes, mutes, notifications" "by tests/run.sh"
  else
    check Alertmanager "$alertmanager_is" "routes, mutes, notifications (tests/alerting)" tests "$2" story:: configuration::
  fi
}
if have prometheus && have promtool && have prometheus-alertmanager && have amtool; then
  mkdir -p "$work/debian"
  for name in prometheus promtool prometheus-alertmanager amtool; do ln -sf "$(command -v $name)" "$work/debian/"; done
  both Debian debian
else
  row Prometheus 2.42 "all" "skipped: Debian's packages are not installed"
fi
if [ -n "$built_prometheus" ] && [ -n "$built_alertmanager" ]; then
  names current "$cache/prometheus-$prometheus" "$cache/alertmanager-$alertmanager"
  both current current
  protocols='[PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4]'
  check Prometheus "$prometheus" "scrapes with protobuf first, names in UTF-8" scrapes "$work/current/prometheus" \
    "    scrape_protocols: $protocols
    metric_name_validation_scheme: utf8
    metric_name_escaping_scheme: allow-utf-8"
fi

# --- VictoriaMetrics -----------------------------------------------------------------------------------
victoria() {
  local bin="$cache/victoriametrics-$victoriametrics" port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  printf 'scrape_configs:\n- job_name: kpi-exporter\n  scrape_interval: 1s\n  static_configs: [{ targets: ["%s"] }]\n' "$address" >"$work/vm.yml"
  "$bin/victoria-metrics" -storageDataPath="$work/vm" -httpListenAddr=127.0.0.1:$port -promscrape.config="$work/vm.yml" \
    -search.latencyOffset=0s >"$work/vm.log" 2>&1 &
  local id=$! url="http://127.0.0.1:$port" from
  started+=($id)
  query() { asks "$url/api/v1/query" --data-urlencode "query=$1" | grep -q "$2"; }
  until_it "values" 60 query 'kpi_value{kpi="trial_to_paid"}' '"0.1' || return 1
  from=$(date -u +%FT%TZ)
  "$bin/vmalert" -rule="$work/rules.yml" -datasource.url=$url -remoteWrite.url=$url -remoteRead.url=$url -notifier.blackhole \
    -evaluationInterval=1s -httpListenAddr=127.0.0.1:0 >"$work/vmalert.log" 2>&1 &
  local alert=$!
  started+=($alert)
  until_it "an alert that fires" 90 query 'ALERTS{alertname="KPILeadingOffTrack",alertstate="firing"}' trial_to_paid || { tail -20 "$work/vmalert.log"; return 1; }
  kill $alert && wait $alert 2>/dev/null || true
  # Once more over what is past by now, with the recorded series alone; alerts ask while they replay, which vmalert does not do.
  awk '/^  - alert:/ { skip = 1 } /^  - record:/ || /^- name:/ { skip = 0 } !skip' "$work/rules.yml" |
    sed 's/"kpi:\([a-z_]*\):/"kpi:replayed_\1:/' | sed '/^- name: "kpi-pipeline"/,$d' >"$work/replay.yml"
  "$bin/vmalert" -rule="$work/replay.yml" -datasource.url=$url -remoteWrite.url=$url -evaluationInterval=1s \
    -replay.timeFrom="$from" -replay.timeTo="$(date -u +%FT%TZ)" -replay.rulesDelay=1s || return 1
  until_it "what was replayed" 30 query 'last_over_time(kpi:replayed_meta:info[10m])' trial_to_paid || return 1
  kill $id && wait $id 2>/dev/null || true
}
if [ -n "$built_vm" ]; then
  check VictoriaMetrics $victoriametrics "vmalert -dryRun" "$cache/victoriametrics-$victoriametrics/vmalert" -dryRun -rule=deploy/prometheus/kpi-exporter.rules.yml
  check VictoriaMetrics $victoriametrics "scrapes; vmalert fires, and replays" victoria
fi

# --- Trino ---------------------------------------------------------------------------------------------
# Its server comes from Maven Central, 820 MB; what stays of it is 100 MB: the engine, tables in memory, tables
# to copy from.
jdk() { # the home of a JDK that it takes: 24 or newer
  local home version
  for home in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*; do
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release" 2>/dev/null)
    if [ "${version:-0}" -ge 24 ]; then echo "$home"; return; fi
  done
  return 1
}
fetch_trino() {
  local to="$cache/trino-$trino" left=$((limit - (SECONDS - began)))
  [ ! -e "$to/done" ] || return 0
  [ "$left" -gt 0 ] || { echo "no time left for Trino"; return 1; }
  say "fetches Trino $trino"
  timeout "$left" mvn --batch-mode --quiet dependency:get -Dtransitive=false "-Dmaven.repo.local=$work/maven" \
    "-Dartifact=io.trino:trino-server:$trino:tar.gz" || return 1
  rm -rf "$to" && mkdir -p "$to/whole"
  tar xzf "$work/maven/io/trino/trino-server/$trino/trino-server-$trino.tar.gz" -C "$to/whole" --strip-components=1
  rm -rf "$work/maven"
  mkdir "$to/plugin" && mv "$to/whole/plugin/memory" "$to/whole/plugin/tpch" "$to/plugin/" && mv "$to/whole/lib" "$to/"
  rm -rf "$to/whole" && touch "$to/done"
}
ask_trino() {
  local port home="$work/trino"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  mkdir -p "$home/etc/catalog"
  ln -sfn "$cache/trino-$trino/plugin" "$home/plugin"
  printf '%s\n' coordinator=true node-scheduler.include-coordinator=true "http-server.http.port=$port" \
    "discovery.uri=http://127.0.0.1:$port" >"$home/etc/config.properties"
  echo connector.name=memory >"$home/etc/catalog/memory.properties"
  echo connector.name=tpch >"$home/etc/catalog/tpch.properties"
  (cd "$home" && exec "$(jdk)/bin/java" -Xmx1G -XX:+UseSerialGC -Djdk.attach.allowAttachSelf=true \
    -Dconfig=etc/config.properties -Dnode.environment=test -Dnode.id=one -Dnode.data-dir="$home" \
    -cp "$cache/trino-$trino/lib/*" io.trino.server.TrinoServer >"$work/trino.log" 2>&1) &
  local id=$! good=0
  started+=($id)
  started_up() { asks "http://127.0.0.1:$port/v1/info" | grep -q '"starting":false'; }
  until_it "Trino serves" 180 started_up || { tail -20 "$work/trino.log"; return 1; }
  python3 tests/compat/trino/try.py "http://127.0.0.1:$port" "$exporter" "$work" || good=1
  kill $id && wait $id 2>/dev/null || true
  return $good
}
if ! jdk >/dev/null || ! have mvn; then
  row Trino $trino "all" "skipped: no JDK of 24 or newer, or no mvn"
elif fetch_trino; then
  check Trino $trino "times, types, mistakes, ends of queries" ask_trino
else
  row Trino $trino "all" "skipped: not fetched"
fi

printf '\n%-16s %-10s %-52s %s\n' program version what result
printf '%s\n' "${rows[@]}"
exit $failed
