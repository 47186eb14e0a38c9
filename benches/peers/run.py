#!/usr/bin/env python3
"""What the exporter costs, beside its peers, on this machine and in one run.

    benches/peers/run.py target/release/kpi-exporter [another kpi-exporter, to compare with] [--only NAME ...]

Needs nginx, wrk, prometheus-sql-exporter and PostgreSQL (Debian's packages), and nothing else. Prints a table
in Markdown: what was measured, each program's figure, the ratio and the bar. CPU seconds are those of the
process (user and system), which a busy machine changes less than the time that passes.
"""

import argparse
import gzip
import os
import platform
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20


class Process:
    """A program at work, ended with the block."""

    def __init__(self, command, log, **options):
        self.log = open(log, "wb")
        self.began = time.monotonic()
        self.child = subprocess.Popen(command, stdout=self.log, stderr=self.log, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()

    def since(self):
        return time.monotonic() - self.began

    def cpu(self):
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, what="VmRSS"):
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1024

    def wait_for(self, ready, limit=180):
        """How long it took until `ready` said so, from the start of the program."""
        while self.since() < limit:
            if self.child.poll() is not None:
                raise SystemExit(f"ended: {Path(self.log.name).read_text()[-2000:]}")
            try:
                if ready():
                    return self.since()
            except OSError:
                pass
            time.sleep(0.005)
        raise SystemExit(f"not ready after {limit} s: {Path(self.log.name).read_text()[-2000:]}")


def get(url, encoding=None):
    request = urllib.request.Request(url)
    if encoding:
        request.add_header("Accept-Encoding", encoding)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def exporter(binary, folder, config, port, extra=()):
    path = folder / "kpis.yaml"
    path.write_text(config)
    command = [binary, "run", "--config", str(path), "--web.listen-address", f"127.0.0.1:{port}", *extra]
    # As the unit and the image of `deploy/` have it.
    environment = {"MALLOC_ARENA_MAX": "2"} | os.environ
    return Process(command, folder / f"log-{port}.txt", cwd=folder, env=environment)


def values(url, name="kpi_value{"):
    return get(url).decode().count("\n" + name)


# --- the peers ---------------------------------------------------------------------------------------------

def wrk(url, seconds=6, gzipped=False):
    command = ["wrk", "-t1", "-c4", f"-d{seconds}s", "--timeout", "20s"]
    if gzipped:
        command += ["-H", "Accept-Encoding: gzip"]
    text = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


def nginx(folder, port):
    config = folder / "nginx.conf"
    config.write_text(f"""
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{ access_log off; gzip_static on; sendfile on; tcp_nopush on; default_type text/plain;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}/static; }} }}
""")
    return Process(["nginx", "-c", str(config), "-p", str(folder)], folder / "nginx-out.txt")


class Postgres:
    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"))
        as_user = [] if os.getuid() else ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        data = folder / "postgres"
        data.mkdir()
        if as_user:
            shutil.chown(data, "postgres", "postgres")
        subprocess.run(as_user + [self.bin / "initdb", "-D", data, "-U", "bench", "--auth=trust", "-N"],
                       check=True, capture_output=True)
        self.server = Process(as_user + [str(self.bin / "postgres"), "-D", str(data), "-p", str(port),
                                         "-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
                                         "-c", "jit=off"], folder / "postgres-log.txt")
        self.url = f"postgres://bench@127.0.0.1:{port}/postgres"
        self.server.wait_for(lambda: self.run("SELECT 1").returncode == 0)

    def run(self, sql):
        command = ["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "postgres", "-c", sql]
        return subprocess.run(command, capture_output=True, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.child.send_signal(signal.SIGINT)
        self.server.child.wait()


# --- what is measured ---------------------------------------------------------------------------------------

HEAD = "version: 1\nlog: { level: warn }\n"
GOAL = "accumulation: level, unit: count, direction: increase, baseline: 100, target: 5000, period: quarter"


def by_customer(sources, schedule, query, besides=""):
    """One KPI of each customer, of the only source."""
    source = sources.split(":")[0]
    return HEAD + f"""
sources: {{ {sources} }}
{besides}
metrics:
  m: {{ source: {source}, labels: [customer], schedule: {schedule}, query: "{query}" }}
kpis:
  k: {{ kind: leading, formula: m, {GOAL} }}
"""


def rows_file(folder, count):
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400))
    lines = "".join(f"{day},customer-{n:05d},{n % 977 + 1}\n" for n in range(count))
    (folder / "rows.csv").write_text("day,customer,amount\n" + lines)


def serving(binary, folder, figures):
    """100 000 series, against the same bytes as files of nginx."""
    rows_file(folder, 4_100)
    query = "SELECT sum(amount) AS value, customer FROM t WHERE day < :window_end_date GROUP BY customer"
    config = by_customer("f: { files: { tables: { t: rows.csv } } }", "every 1h", query)
    url = "http://127.0.0.1:29101/metrics"
    with exporter(binary, folder, config, 29101) as program:
        program.wait_for(lambda: values(url) == 4_100)
        body = get(url)
        get(url, "gzip")
        series = sum(1 for line in body.splitlines() if not line.startswith(b"#"))
        static = folder / "static"
        static.mkdir(exist_ok=True)
        (static / "metrics").write_bytes(body)
        (static / "metrics.gz").write_bytes(gzip.compress(body, 1))
        with nginx(folder, 29102) as peer:
            peer.wait_for(lambda: get("http://127.0.0.1:29102/metrics"))
            for name, zipped in (("identity", False), ("gzip", True)):
                # One after the other, twice: a busy machine is busy for both.
                ours, theirs = 0.0, 0.0
                for _ in range(2):
                    theirs += wrk("http://127.0.0.1:29102/metrics", 4, zipped) / 2
                    ours += wrk(url, 4, zipped) / 2
                figures[f"{series} series, {name}: scrapes a second"] = (ours, theirs, "nginx", ">= 0.8 x")
        figures["the same: resident MiB after it"] = (program.memory(), len(body) / MIB, "the body", "<= 100")


def label_sets(binary, folder, figures):
    """10 000 label sets of one KPI from PostgreSQL, against Debian's exporter of SQL."""
    with Postgres(folder, 29110) as database:
        database.run("CREATE TABLE t AS SELECT 'customer-' || to_char(n, 'FM00000') AS customer, n % 977 + 1 AS amount,"
                     " current_date - 1 AS day FROM generate_series(1, 10000) n; ANALYZE t")
        for what, amount in (("nothing changes", "amount"), ("all change", "amount + extract(epoch FROM clock_timestamp())::int % 1000")):
            # Data that says up to when it is complete: what nothing changes of is the same.
            query = f"SELECT ({amount})::float8 AS value, customer, day AS data_through FROM t WHERE day < :window_end_date"
            config = by_customer(f'p: {{ sql: {{ url: "{database.url}" }} }}', "every 5s", query, "defaults: { max_age: 72h }")
            url = "http://127.0.0.1:29111/metrics"
            with exporter(binary, folder, config, 29111) as program:
                first = program.wait_for(lambda: values(url) == 10_000)
                cost = polls(program)
                rss = program.memory()
            peer_config = folder / "sql.yaml"
            peer_config.write_text(f"""
jobs:
- name: bench
  interval: '5s'
  connections: ['{database.url}?sslmode=disable']
  queries:
  - name: kpi_value
    help: value
    labels: [customer]
    values: [value]
    query: "SELECT ({amount})::float8 AS value, customer FROM t WHERE day < current_date"
""")
            peer_url = "http://127.0.0.1:29112/metrics"
            command = ["prometheus-sql-exporter", "-config.file", str(peer_config), "-web.listen-address", "127.0.0.1:29112"]
            with Process(command, folder / "sql-log.txt", cwd=folder) as peer:
                peer_first = peer.wait_for(lambda: values(peer_url, "sql_kpi_value{") >= 10_000)
                peer_cost = polls(peer)
                peer_rss = peer.memory()
            bar = "<= 0.25" if what == "all change" else "<= 0.03"
            name = "prometheus-sql-exporter"
            figures[f"10000 label sets, {what}: CPU seconds a poll"] = (cost, peer_cost, name, bar)
            if what == "all change":
                figures["the same: seconds to the first value"] = (first, peer_first, name, "<= 0.5")
                figures["10000 label sets, all change: resident MiB"] = (rss, peer_rss, name, "<= 120")


def polls(program, seconds=40, every=5):
    """CPU seconds a poll, after the first."""
    time.sleep(every * 1.5)
    before, began = program.cpu(), time.monotonic()
    time.sleep(seconds)
    return (program.cpu() - before) / ((time.monotonic() - began) / every)


def many_kpis(folder, count, schedule):
    rows_file(folder, 50)
    query = "SELECT sum(amount) + {0} AS value FROM t WHERE day < :window_end_date"
    metrics = "".join(f'  m{n:05d}: {{ source: f, schedule: {schedule}, query: "{query.format(n)}" }}\n' for n in range(count))
    kpis = "".join(f"  k{n:05d}: {{ kind: leading, formula: m{n:05d}, {GOAL} }}\n" for n in range(count))
    source = "sources: { f: { files: { tables: { t: rows.csv } } } }\n"
    return HEAD + source + "metrics:\n" + metrics + "kpis:\n" + kpis


def hundred(binary, folder, figures):
    """100 KPIs with a metric each."""
    url = "http://127.0.0.1:29121/metrics"
    with exporter(binary, folder, many_kpis(folder, 100, "every 1m"), 29121) as program:
        first = program.wait_for(lambda: values(url) >= 1)
        every = program.wait_for(lambda: values(url) == 100)
        time.sleep(5)
        figures["100 KPIs: seconds to the first value"] = (first, None, None, "<= 0.05")
        figures["the same: seconds to all values"] = (every, None, None, "")
        figures["100 KPIs: resident MiB"] = (program.memory(), None, None, "<= 12")


def ten_thousand(binary, folder, figures):
    """10 000 KPIs with a metric each, polled every minute, scraped every second."""
    url = "http://127.0.0.1:29131"
    config = many_kpis(folder, 10_000, "every 1m")
    with exporter(binary, folder, config, 29131) as program:
        ready = program.wait_for(lambda: get(url + "/-/ready"))
        program.wait_for(lambda: values(url + "/metrics") == 10_000)
        time.sleep(30)
        before, began, took = program.cpu(), time.monotonic(), []
        while time.monotonic() - began < 60:
            now = time.monotonic()
            size = len(get(url + "/metrics", "gzip"))
            took.append(time.monotonic() - now)
            time.sleep(max(0.0, 15 - (time.monotonic() - now)) if len(took) > 40 else 1)
        scraped = (program.cpu() - before) / (time.monotonic() - began)
        # For the first minute of its work it fills in history with half a core, then with a tenth of the time.
        time.sleep(max(0, 160 - program.since()))
        before, began = program.cpu(), time.monotonic()
        for _ in range(4):
            get(url + "/metrics", "gzip")
            time.sleep(15)
        share = (program.cpu() - before) / (time.monotonic() - began)
        took.sort()
        figures["10000 KPIs, polled every minute: seconds until ready"] = (ready, None, None, "<= 5")
        figures["the same, after them: share of a core, a scrape every 15 s"] = (share, None, None, "<= 0.25")
        figures["the same, in its first two minutes: share of a core, a scrape every second"] = (scraped, None, None, "")
        figures["the same, then: slowest scrapes (99 %), seconds"] = (took[int(len(took) * 0.99)], None, None, "<= 0.1")
        figures["10000 KPIs: resident MiB"] = (program.memory(), None, None, "")


def year(binary, folder, figures):
    """A start with a year of history of 50 KPIs with 100 label sets each."""
    rows_file(folder, 100)
    query = "SELECT sum(amount) + {0} AS value, customer FROM t WHERE day < :window_end_date GROUP BY customer"
    metrics = "".join(f'  m{n:02d}: {{ source: f, labels: [customer], schedule: every 1h, query: "{query.format(n)}" }}\n' for n in range(50))
    kpis = "".join(f"  k{n:02d}: {{ kind: leading, formula: m{n:02d}, {GOAL} }}\n" for n in range(50))
    config = (HEAD + "sources: { f: { files: { tables: { t: rows.csv } } } }\n"
              "store: { path: history.db, backfill: off }\n" + "metrics:\n" + metrics + "kpis:\n" + kpis)
    url = "http://127.0.0.1:29141"
    with exporter(binary, folder, config, 29141) as program:
        program.wait_for(lambda: values(url + "/metrics") == 5_000)
        time.sleep(3)
    fill(folder / "history.db", 365)
    with exporter(binary, folder, config, 29141) as program:
        healthy = program.wait_for(lambda: get(url + "/-/healthy"))
        today = program.wait_for(lambda: values(url + "/metrics") == 5_000)
        all_in = program.wait_for(lambda: has_history(url))
        peak = program.memory("VmHWM")
        figures["a year of 50 KPIs x 100 label sets: seconds until healthy"] = (healthy, None, None, "<= 0.1")
        figures["the same: seconds until today's values"] = (today, None, None, "<= 1")
        figures["the same: seconds until its charts are there"] = (all_in, None, None, "<= 10")
        figures["the same: resident MiB at most"] = (peak, None, None, "<= 128")
        figures["the same: MiB of the store"] = ((folder / "history.db").stat().st_size / MIB, None, None, "<= 1024")


def has_history(url):
    """Whether the charts of the last KPI know the thirteen weeks that they show, for every label set."""
    page = get(url + "/api/v1/kpis/k49/history").decode()
    return page.count('"day"') >= 80 * 100


def fill(path, days):
    """Gives every series the days before, as if the daemon had run."""
    store = sqlite3.connect(path)
    columns = [row[1] for row in store.execute("PRAGMA table_info(daily)") if row[1] not in ("day", "value", "expected")]
    names = ", ".join(columns)
    store.execute("CREATE TEMP TABLE newest AS SELECT * FROM daily WHERE day = (SELECT max(day) FROM daily)")
    for back in range(1, days + 1):
        store.execute(
            f"INSERT OR IGNORE INTO daily (day, value, expected, {names}) SELECT date(day, '-{back} days'),"
            f" value + (series * 31 + {back} * 7) % 50, expected, {names} FROM newest")
    store.commit()
    store.close()


PARTS = {"serving": serving, "label_sets": label_sets, "hundred": hundred, "ten_thousand": ten_thousand, "year": year}


def show(number):
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def version(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("before", nargs="?")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    asked = parser.parse_args()
    results = {}
    for binary in filter(None, (asked.before, asked.binary)):
        figures = results.setdefault(binary, {})
        for name in asked.only:
            with tempfile.TemporaryDirectory(prefix="peers-") as folder:
                os.chmod(folder, 0o755)
                print(f"{binary}: {name}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
                PARTS[name](os.path.abspath(binary), Path(folder), figures)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), "?")
    print(f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]};"
          f" load {os.getloadavg()[0]:.1f}.")
    for command in (["nginx", "-v"], ["wrk", "-v"], ["psql", "--version"]):
        print(f"{version(*command)};")
    package = subprocess.run(["dpkg-query", "-W", "prometheus-sql-exporter"], capture_output=True, text=True)
    print(package.stdout.strip().replace("\t", " ") + ".\n")
    before, after = results.get(asked.before, {}), results[asked.binary]
    print("| | before | now | peer | ratio | bar |\n|---|---|---|---|---|---|")
    for name, (ours, theirs, peer, bar) in after.items():
        old = before.get(name, (None,))[0]
        ratio = f"{ours / theirs:.2f}" if theirs and peer != "the body" else ""
        peer = f"{show(theirs)} ({peer})" if peer else ""
        print(f"| {name} | {show(old)} | {show(ours)} | {peer} | {ratio} | {bar} |")


if __name__ == "__main__":
    main()
