// The pictures in docs/img: pages of the demo and of thirty KPIs, once history is filled in, and the Grafana
// dashboards, where something can draw them (dashboards.mjs).
// Usage: node tests/browser/pictures.mjs [FOLDER]
import { join } from "node:path";
import { argv } from "node:process";
import { browser, demo, filled, thirty } from "./common.mjs";
import { dashboardPictures } from "./dashboards.mjs";

const folder = argv[2] ?? join(import.meta.dirname, "../../docs/img");
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 760 };

// name, whose, path, size, scheme, height of the picture (of the page if it is less)
const PICTURES = [
  ["page", "few", "/", WIDE, "light", 640],
  ["page-dark", "few", "/", WIDE, "dark", 640],
  ["page-phone", "few", "/", PHONE, "light", 900],
  ["scorecard-30", "many", "/", WIDE, "light", 1100],
  ["scorecard-30-dark", "many", "/", WIDE, "dark", 1100],
  ["scorecard-30-phone", "many", "/", PHONE, "light", 1200],
  ["kpi", "few", "/kpi/trial_to_paid", WIDE, "light", 820],
  ["kpi-phone", "few", "/kpi/trial_to_paid", PHONE, "light", 760],
  ["kpi-dark", "few", "/kpi/trial_to_paid", WIDE, "dark", 820],
  ["review", "few", "/review", WIDE, "light", 820],
  ["sources", "many", "/sources", WIDE, "light", 800],
];

const [chromium, few, many] = await Promise.all([browser(), demo(), thirty()]);
try {
  await Promise.all([filled(few.base), filled(many.base)]);
  for (const [name, whose, path, size, colorScheme, height] of PICTURES) {
    const scale = size === PHONE ? 2 : 1;
    const page = await chromium.newPage({ viewport: size, colorScheme, deviceScaleFactor: scale });
    await page.goto((whose === "few" ? few : many).base + path);
    const whole = await page.evaluate(() => document.documentElement.scrollHeight);
    const clip = { x: 0, y: 0, width: size.width, height: Math.min(height, whole) };
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, clip });
    await page.close();
  }
  await dashboardPictures(folder, few.base);
} finally {
  await chromium.close();
  few.stop();
  many.stop();
}
