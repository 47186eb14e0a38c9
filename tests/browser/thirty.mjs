// Thirty KPIs of a company that does not exist, as of today: six countries, long titles, addresses, other
// scripts, titles that would be markup, a source that is down. Written for looking at pages and for testing
// them; the same day always gives the same files. Usage: node thirty.mjs FOLDER
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";

const DAY = 86_400_000;
const DAYS = 420;
const COUNTRIES = ["DE", "FR", "Nederland", "日本", "مصر", "<b>US</b>"];

// id, title, kind, function, objective, team, owner, unit, accumulation, level, drift a day (share), target, extra
const level = (id, title, about) => ({ id, title, accumulation: "level", unit: "count", start: 1000, drift: 0.001, target: "+10%", kind: "leading", ...about });
const flow = (id, title, about) => ({ id, title, accumulation: "flow", unit: "EUR", start: 2000, drift: 0.001, target: "+10%", kind: "lagging", ...about });
const KPIS = [
  flow("revenue", "Revenue", { objective: "growth", team: "sales", owner: "maximiliane.hohenzollern-sigmaringen@sales.example-company.com", by: "country", start: 9000 }),
  flow("new_arr", "Net new ARR", { objective: "growth", team: "sales", owner: "sales@example.com", unit: "USD", drift: 0.0016 }),
  level("signups", "Sign-ups", { objective: "growth", team: "growth", owner: "growth@example.com", predicts: "new_arr", drift: -0.002, levers: ["onboarding checklist", "invitation mails"] }),
  level("visits", "Organic visits", { objective: "growth", team: "growth", drift: 0.002, predicts: "signups" }),
  level("demo_requests", "Demo requests by country", { objective: "growth", team: "sales", labels: true, start: 300, drift: 0.0012 }),
  level("pipeline", "Sales pipeline coverage of the coming two quarters, weighted by the probability of each stage and without renewals or upsells", { objective: "growth", team: "sales", owner: "pipeline-and-forecasting-working-group@example.com", unit: "ratio", start: 3, drift: 0.0005 }),
  level("trial_conversion", "Trial-to-paid conversion", { objective: "growth", team: "product", unit: "percent", start: 0.12, drift: -0.001, target: "16%", kind: "efficiency" }),
  flow("orders", "受注件数（月次）", { objective: "growth", team: "営業部", owner: "tanaka@example.jp", unit: "count", start: 40 }),
  level("satisfaction", "رضا العملاء", { objective: "care", team: "care", owner: "care@example.com", unit: "percent", start: 0.8, drift: 0.0004, target: "85%" }),
  level("first_reply", "Time to first reply", { objective: "care", team: "care", unit: "seconds", start: 5400, drift: -0.001, direction: "decrease", target: "-10%" }),
  level("tickets", "Open tickets by country", { objective: "care", team: "care", labels: true, start: 120, drift: 0.002, direction: "decrease", target: "-10%" }),
  level("nps", "Net promoter score", { objective: "care", team: "care", unit: "count", start: 41, drift: 0.0002, target: "+5%" }),
  level("churn", "Churn of paying customers", { objective: "care", team: "product", unit: "percent", start: 0.031, drift: 0.0022, direction: "decrease", target: "3%" }),
  level("refunds", "Refunds <script>document.title='broken'</script>", { objective: "care", team: "<i>care</i>", unit: "percent", start: 0.02, drift: 0, baseline: null, direction: "decrease", target: "{ max: 2.5% }" }),
  level("xss", "\"><img src=x onerror=\"document.title='broken'\">", { objective: "care", team: "care", owner: "<svg onload=alert(1)>", start: 50 }),
  level("uptime", "Availability of the shop", { objective: "run", team: "platform", unit: "percent", start: 0.9987, drift: 0, baseline: null, target: "{ min: 99.9% }" }),
  level("latency", "Page load, 95th percentile", { objective: "run", team: "platform", unit: "seconds", start: 1.9, drift: 0.0015, direction: "decrease", target: "1.8" }),
  level("deploys", "Deployments a week by country", { objective: "run", team: "platform", labels: true, start: 60, drift: 0.0014, kind: "efficiency" }),
  level("incidents", "Incidents", { objective: "run", team: "platform", start: 14, drift: -0.002, direction: "decrease", target: "-10%" }),
  level("cost_per_order", "Cost per order", { objective: "run", team: "finance", unit: "EUR", start: 4.2, drift: 0.0001, direction: "decrease", target: "-3%", kind: "efficiency" }),
  level("stock", "Products in stock", { objective: "run", team: "logistics", unit: "percent", start: 0.94, drift: 0, direction: "maintain", target: "{ min: 92%, max: 97% }" }),
  flow("parcels", "Parcels shipped", { objective: "run", team: "logistics", unit: "count", start: 800, drift: 0.0013 }),
  level("returns", "Parcels returned", { objective: "run", team: "logistics", unit: "percent", start: 0.07, drift: 0.0015, direction: "decrease", target: "6%" }),
  level("hiring", "Open positions filled within ninety days", { team: "people", owner: "people@example.com", unit: "percent", start: 0.6, drift: 0.001, target: "70%" }),
  level("sick_leave", "Days of sick leave", { team: "people", start: 120, drift: 0.0003, direction: "decrease", target: "-10%" }),
  level("training", "Hours of training by country", { team: "people", labels: true, start: 200 }),
  flow("bookings", "Bookings of partners", { team: "partners", unit: "GBP", start: 700, drift: 0.002 }),
  level("partners", "Active partners by country", { team: "partners", labels: true, start: 25, drift: 0.003 }),
  level("leads", "Leads of the fair", { source: "crm", team: "sales", owner: "sales@example.com" }),
  level("returns_by_country", "Complaints by country", { labels: true, team: "care", start: 30, direction: "decrease", target: "-5%", drift: -0.001 }),
];

function random(seed) {
  let state = [...seed].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) >>> 0, 7);
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function rows(today) {
  const lines = ["day,kpi,country,value,n"];
  for (const kpi of KPIS.filter((kpi) => !kpi.source)) {
    const many = kpi.labels || kpi.by;
    const places = many ? COUNTRIES : [""];
    places.forEach((country, index) => {
      const next = random(kpi.id + country);
      let wave = 0;
      for (let back = DAYS; back > 0; back--) {
        const day = new Date(today - back * DAY).toISOString().slice(0, 10);
        wave = wave * 0.9 + (next() - 0.5) * 0.04;
        const drift = many ? kpi.drift * (2 - index) : kpi.drift;
        const trend = Math.exp(drift * Math.max(-150, 120 - back));
        const share = many ? 0.3 / (index + 1) : 1;
        lines.push([day, kpi.id, `"${country}"`, (kpi.start * share * trend * (1 + wave)).toPrecision(6), 1].join(","));
      }
    });
  }
  return `${lines.join("\n")}\n`;
}

function metric(kpi) {
  const what = kpi.accumulation === "flow" ? "sum(value)" : "avg(value)";
  if (kpi.source) return `  ${kpi.id}:\n    source: ${kpi.source}\n    request: { path: "/leads" }\n    rows: $.rows[*]\n    columns: { value: $.value }\n`;
  const by = kpi.labels || kpi.by;
  return `  ${kpi.id}:
    source: company
    query: |
      SELECT ${by ? "country, " : ""}${what} AS value FROM facts
      WHERE kpi = '${kpi.id}' AND day >= :window_start_date AND day < :window_end_date
      ${by ? "GROUP BY country" : "HAVING count(*) > 0"}
${by ? "    labels: [country]\n" : ""}`;
}

function definition(kpi) {
  const key = (name, value) => (value === undefined ? "" : `    ${name}: ${value}\n`);
  const text = (value) => (value === undefined ? undefined : JSON.stringify(value));
  return `  ${kpi.id}:
    title: ${text(kpi.title)}
    kind: ${kpi.kind}
    function: ${kpi.team === "finance" ? "finance" : "other"}
    formula: ${kpi.id}
    accumulation: ${kpi.accumulation}
    unit: ${kpi.unit}
    direction: ${kpi.direction ?? "increase"}
${key("window", kpi.accumulation === "level" ? "7d" : undefined)}${key("baseline", kpi.baseline === null || kpi.direction === "maintain" ? undefined : "previous_period")}${key("target", kpi.target)}${key("objective", kpi.objective)}${key("team", text(kpi.team))}${key("owner", text(kpi.owner))}${key("levers", text(kpi.levers))}${kpi.predicts ? `    predicts: [${kpi.predicts}]\n    lead_time: 30d\n` : ""}${key("breakdown", kpi.by ? `[${kpi.by}]` : undefined)}`;
}

export function config() {
  return `version: 1
calendar: { timezone: UTC }
sources:
  company: { files: { tables: { facts: facts.csv } } }
  crm: { http: { url: "http://127.0.0.1:9/", timeout: 2s } }
defaults: { schedule: "*/5 * * * *", period: quarter, max_age: 26h }
objectives:
  growth: { title: "Grow in Europe", owner: growth@example.com }
  care: { title: "Customers who stay <em>and</em> recommend us", owner: care@example.com }
  run: { title: "A shop that runs", owner: platform@example.com }
metrics:
${KPIS.map(metric).join("")}kpis:
${KPIS.map(definition).join("")}`;
}

export function write(folder, today = Date.now()) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "kpi-exporter.yaml"), config());
  writeFileSync(join(folder, "facts.csv"), rows(today));
}

if (argv[1] === import.meta.filename) write(argv[2]);
