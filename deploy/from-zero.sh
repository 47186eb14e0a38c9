#!/usr/bin/env bash
# From an empty folder to an alert that arrives: the exporter with TLS and a login, Prometheus, Alertmanager.
set -euo pipefail && trap 'jobs -p | xargs -r kill' EXIT
: "${kpis:=9877}" "${prometheus:=9090}" "${alertmanager:=9093}" "${hook:=9099}" # ports
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout key.pem -out cert.pem 2>openssl.log
echo 'tls_server_config: { cert_file: cert.pem, key_file: key.pem }' >web.yml # below, let-me-in by htpasswd -nBC 10
echo 'basic_auth_users: { prometheus: $2b$10$N1hUDClxHUJizWU9nKVU4.wi7IuWx6Eicn9SaHUA7k2AsfE53zXna }' >>web.yml
cat >prometheus.yml <<END
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["localhost:$alertmanager"] }] }] }
scrape_configs: [{ job_name: kpi-exporter, static_configs: [{ targets: ["localhost:$kpis"] }], scheme: https,
  tls_config: { ca_file: cert.pem }, basic_auth: { username: prometheus, password: let-me-in } }]
END
echo "{ route: { receiver: none, routes: [{ receiver: hook, matchers: [alertname=KPILeadingOffTrack], group_wait: 1s }] },
  receivers: [{ name: none }, { name: hook, webhook_configs: [{ url: 'http://localhost:$hook/' }] }] }" >alertmanager.yml
kpi-exporter generate rules --duration-scale 0.01 --output rules.yml # 5 minutes become 3 seconds
kpi-exporter demo --web.listen-address "localhost:$kpis" --web.config.file web.yml 2>kpi-exporter.log &
prometheus --config.file=prometheus.yml --web.listen-address="localhost:$prometheus" 2>prometheus.log &
prometheus-alertmanager --config.file=alertmanager.yml --web.listen-address="localhost:$alertmanager" \
  --cluster.listen-address= 2>alertmanager.log &
python3 -c '
import http.server, json, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]:
            print(alert["status"] + ":", alert["annotations"]["summary"])
http.server.HTTPServer(("localhost", int(sys.argv[1])), Hook).handle_request()' "$hook"
