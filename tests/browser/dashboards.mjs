// The pictures of the Grafana dashboards in docs/img: the demo, scraped by a Prometheus that was given the
// demo's back-filled history, as docs/dashboards.md tells people to. What draws is not in here, for its licence
// and its size: a script that takes --dashboard, --prometheus, --out, --var, --from, --scrape, --theme, --timezone and --allow-empty
// and is named in DASHBOARD_RENDERER. The page about the exporter shows what it did since it began, for which
// nothing is back-filled: all wait until it has run for PICTURE_MINUTES (three hours, if nothing is said).
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { ROOT, freePort, program, until } from "./common.mjs";

const DAY = 86_400_000;
const HISTORY_DAYS = 120;
const SCRAPE_SECONDS = 15;
const MINUTES = Number(env.PICTURE_MINUTES ?? 180);

// picture, dashboard, what else the renderer is told
const DASHBOARDS = [
  ["scorecard", "kpi-scorecard", []],
  ["detail", "kpi-detail", ["--var", "kpi=trial_to_paid"]],
  ["weekly-review", "kpi-weekly-review", []],
  ["health", "kpi-exporter-health", ["--from", `now-${MINUTES}m`]],
];

// In the demo these may have nothing to show, and say so.
const EMPTY = [
  "Chance to hit the target",
  "Needed per day",
  "Firing alerts",
  "✔ Recovered",
  "Periods that close within 14 days",
  "Alert hours",
].flatMap((title) => ["--allow-empty", title]);

async function prometheus(folder, target) {
  const day = (back) => new Date(Date.now() - back * DAY).toISOString().slice(0, 10);
  const path = (name) => join(folder, name);
  execFileSync(program, ["demo", "--write", path("demo")]);
  const span = ["--from", day(HISTORY_DAYS), "--to", day(1), "--output", path("history.om")];
  execFileSync(program, ["backfill", "--config", path("demo"), ...span], { stdio: "ignore" });
  const blocks = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=744h"];
  execFileSync("promtool", [...blocks, path("history.om"), path("data")]);
  const rules = ["generate", "rules", "--external-url", target, "--output", path("rules.yml")];
  execFileSync(program, rules, { stdio: "ignore" });
  const address = `127.0.0.1:${await freePort()}`;
  const job = (name, at) => `  - { job_name: ${name}, static_configs: [{ targets: ["${at}"] }] }\n`;
  const jobs = job("kpi-exporter", new URL(target).host) + job("prometheus", address);
  const config = `global: { scrape_interval: ${SCRAPE_SECONDS}s, evaluation_interval: ${SCRAPE_SECONDS}s }\nrule_files: [rules.yml]\nscrape_configs:\n${jobs}`;
  writeFileSync(path("prometheus.yml"), config);
  const storage = ["--storage.tsdb.path", path("data"), "--storage.tsdb.retention.time", "2y"];
  const child = spawn("prometheus", ["--config.file", path("prometheus.yml"), ...storage, "--web.listen-address", address], { stdio: "ignore" });
  const base = `http://${address}`;
  const ask = async (query) => (await (await fetch(`${base}/api/v1/query?query=${encodeURIComponent(query)}`)).json()).data.result[0]?.value[1];
  const wanted = (MINUTES * 60) / SCRAPE_SECONDS;
  const scrapes = async () => Number(await ask('count_over_time(up{job="kpi-exporter"}[1d])')) >= wanted;
  return { base, stop: () => child.kill("SIGTERM"), scraped: () => until("scrapes", scrapes, Date.now() + (MINUTES + 15) * 60_000) };
}

export async function dashboardPictures(folder, target) {
  const renderer = env.DASHBOARD_RENDERER;
  if (!renderer) {
    console.error("!!! NOT DRAWN: the dashboards (DASHBOARD_RENDERER names no script that draws them)");
    return;
  }
  const own = mkdtempSync(join(tmpdir(), "kpi-exporter-dashboards-"));
  const served = await prometheus(own, target);
  try {
    await served.scraped();
    for (const [name, dashboard, more] of DASHBOARDS) {
      const file = join(ROOT, "grafana/dashboards", `${dashboard}.json`);
      const args = [renderer, "--dashboard", file, "--prometheus", served.base, "--out", join(folder, `${name}.png`)];
      const drawn = spawnSync("node", [...args, "--scrape", `${SCRAPE_SECONDS}s`, "--timezone", "utc", "--theme", "light", ...EMPTY, ...more], { encoding: "utf8" });
      if (drawn.status !== 0) throw new Error(`${name}: ${drawn.stdout}${drawn.stderr}`);
    }
  } finally {
    served.stop();
    rmSync(own, { recursive: true, force: true });
  }
}
