// Pages in a real browser, with scripts of the pages' own forbidden as they are in production: nothing on the
// console, nothing that axe objects to, no scrolling sideways, rows that fit a phone, keyboard, paper, and
// markup in names that stays text. Usage: node tests/browser/run.mjs
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { browser, demo, filled, program, thirty } from "./common.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = ["/", "/?status=off_track", "/review", "/review?period=monthly", "/sources", "/kpi/revenue", "/kpi/tickets",
  "/kpi/xss", "/kpi/leads", "/kpi/nothing", "/runbooks/", "/runbooks/KPINoData", "/?team=nobody"];
const tests = [];
const test = (name, run) => tests.push([name, run]);
const pages = (pdf) => (pdf.toString("latin1").match(/\/Type\s*\/Page[^s]/g) ?? []).length;

async function open(context, url) {
  const page = await context.newPage();
  page.problems = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && page.problems.push(message.text()));
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("request", (request) => request.url().startsWith("http") && request.resourceType() !== "document" && !request.url().endsWith("/favicon.ico") && page.problems.push(`loads ${request.url()}`));
  page.on("dialog", (dialog) => (page.problems.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  await page.goto(url);
  return page;
}

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing and the console stays empty, ${scheme}`, async ({ chromium, many }) => {
    // bypassCSP lets axe in, and with it everything that the policy would stop.
    const context = await chromium.newContext({ colorScheme: scheme, bypassCSP: true, viewport: { width: 1280, height: 900 } });
    for (const path of PAGES) {
      const page = await open(context, many + path);
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      const told = violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
      assert.deepEqual(told, [], path);
      // An address that is not found or understood says so by its status, which the console repeats.
      const problems = page.problems.filter((text) => !/status of 40[04]/.test(text));
      assert.deepEqual(problems, [], path);
      assert.notEqual(await page.title(), "broken", path);
      await page.close();
    }
    await context.close();
  });
}

for (const width of [320, 360, 768]) {
  test(`nothing scrolls sideways at ${width} px, and a KPI takes 110 px at most`, async ({ chromium, many, few }) => {
    const context = await chromium.newContext({ viewport: { width, height: 800 } });
    for (const base of [few, many]) {
      for (const path of base === many ? PAGES : ["/", "/review", "/sources", "/kpi/trial_to_paid"]) {
        const page = await open(context, base + path);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${path} is ${wide} px wide`);
        const rows = await page.$$eval(".kpis > tbody", (all) => all.map((row) => Math.round(row.getBoundingClientRect().height)));
        assert.ok(rows.every((height) => height <= 110), `${path}: ${rows}`);
        await page.close();
      }
    }
    await context.close();
  });
}

test("on paper fifteen KPIs fit a page, and the review two pages", async ({ chromium, many, few }) => {
  const context = await chromium.newContext();
  for (const [url, most] of [[`${many}/`, 2], [`${few}/`, 1], [`${many}/review`, 2], [`${few}/review`, 1]]) {
    const page = await open(context, url);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: false });
    assert.ok(pages(pdf) <= most, `${url}: ${pages(pdf)} pages`);
    await page.close();
  }
  await context.close();
});

test("paper is white, whatever the screen is", async ({ chromium, few }) => {
  const page = await open(await chromium.newContext({ colorScheme: "dark" }), `${few}/kpi/trial_to_paid`);
  const colours = () => page.evaluate(() => ["body", "svg.broad .closed"].map((one) => getComputedStyle(document.querySelector(one))).flatMap((style) => [style.color, style.fill]));
  const dark = await colours();
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const printed = await colours();
  await page.emulateMedia({ media: "print", colorScheme: "light" });
  assert.deepEqual(printed, await colours());
  assert.notDeepEqual(printed, dark);
  await page.context().close();
});

test("the review of thirty KPIs as a document is two pages, and names keep to their side", async ({ chromium, folder }) => {
  const context = await chromium.newContext();
  const page = await context.newPage();
  const args = ["report", "--config", join(folder, "kpi-exporter.yaml"), "--period", "weekly", "--format", "html"];
  await page.setContent(execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 24, stdio: ["ignore", "pipe", "ignore"] }));
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: false });
  assert.equal(pages(pdf), 2);
  // A number after a name that is read from right to left stands to its right.
  const [name, status] = await page.evaluate(() => {
    const cell = [...document.querySelectorAll(".every tbody th")].find((one) => /\p{Script=Arabic}/u.test(one.textContent));
    return [...cell.querySelectorAll("bdi, .muted")].map((one) => one.getBoundingClientRect().left);
  });
  assert.ok(name < status, `${name} ${status}`);
  await context.close();
});

test("the chart of a KPI can be read on a phone", async ({ chromium, many, few }) => {
  for (const width of [320, 390, 768, 1100, 1280]) {
    const page = await open(await chromium.newContext({ viewport: { width, height: 800 } }), `${few}/kpi/trial_to_paid`);
    const shown = await page.$$eval("svg.chart", (all) => all.filter((one) => one.getClientRects().length).length);
    assert.equal(shown, 1, `${width} px`);
    for (const path of ["/kpi/revenue", "/kpi/tickets", "/kpi/new_arr"]) {
      await page.goto(many + path);
      const sizes = await page.$$eval("svg.chart text", (all) => all.filter((one) => one.getClientRects().length && !one.closest(".said")).map((one) => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a));
      assert.ok(Math.min(...sizes) >= 10.5 && sizes.length > 5, `${path} at ${width} px: ${Math.min(...sizes)}`);
    }
    await page.context().close();
  }
});

// The words on a chart that stand on one of its lines, on each other or outside of it, by what the browser draws.
function misplaced(all) {
  return all.filter((one) => one.getClientRects().length).flatMap((chart) => {
    const texts = [...chart.querySelectorAll("text")].filter((one) => !one.closest(".said")).map((one) => {
      const { x, y, width, height } = one.getBBox();
      // What is above and below its letters is empty.
      return { text: one.textContent, left: x, right: x + width, top: y + height * 0.18, bottom: y + height * 0.82 };
    });
    const found = [];
    texts.forEach((one, index) => {
      const on = (x, y) => one.left < x && x < one.right && one.top < y && y < one.bottom;
      if (one.left < -1) found.push(`${one.text} begins at ${one.left}`);
      for (const other of texts.slice(0, index)) {
        if (one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom) found.push(`${one.text} on ${other.text}`);
      }
      for (const line of chart.querySelectorAll("polyline.value, polyline.before, polyline.projected")) {
        const points = [...line.points];
        const meets = points.some((from, at) => {
          const to = points[at + 1] ?? from;
          return Array.from({ length: 101 }, (_, part) => part / 100).some((part) => on(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part));
        });
        if (meets) found.push(`${one.text} on the line of ${line.className.baseVal}`);
      }
    });
    return found;
  });
}

test("words on charts stand off lines and off each other", async ({ chromium, many, few }) => {
  for (const [width, colorScheme] of [[320, "light"], [390, "dark"], [1280, "light"]]) {
    const page = await open(await chromium.newContext({ viewport: { width, height: 800 }, colorScheme }), `${few}/kpi/trial_to_paid`);
    for (const address of [`${few}/kpi/trial_to_paid`, ...["revenue", "signups", "visits", "pipeline", "churn", "first_reply", "stock", "parcels", "tickets", "refunds"].map((id) => `${many}/kpi/${id}`)]) {
      await page.goto(address);
      assert.deepEqual(await page.$$eval("svg.chart", misplaced), [], `${address} at ${width} px`);
    }
    await page.context().close();
  }
});

test("filters and sorting work without script", async ({ chromium, many }) => {
  const context = await chromium.newContext({ javaScriptEnabled: false });
  const page = await open(context, `${many}/`);
  const titles = () => page.locator(".kpis tbody th > a").allTextContents();
  const all = await titles();
  assert.equal(all.length, 30);
  await page.locator("nav.chips a", { hasText: "off track" }).click();
  const off = await titles();
  assert.ok(off.length > 0 && off.length < 30, String(off.length));
  assert.equal(await page.locator(".kpis > tbody.off_track").count(), off.length);
  await page.goto(`${many}/`);
  await page.locator("select[name=team]").selectOption("care");
  await page.locator("form button").click();
  assert.match(page.url(), /team=care/);
  const care = await titles();
  assert.ok(care.length > 0 && care.length < 30);
  await page.locator(".kpis thead a", { hasText: "KPI" }).first().click();
  assert.match(page.url(), /team=care.*sort=kpi/);
  assert.deepEqual([...(await titles())].sort(), [...care].sort());
  await page.locator(".kpis thead a", { hasText: "Pace" }).first().click();
  await page.locator(".kpis thead a", { hasText: "Pace" }).first().click();
  assert.match(page.url(), /sort=-pace/);
  assert.equal(await page.locator("[aria-sort=descending]").first().textContent(), "Pace ↑");
  await context.close();
});

test("the keyboard reaches links, filters and what is folded", async ({ chromium, many }) => {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await open(context, `${many}/`);
  const seen = new Set();
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      return [one.matches(".chip") ? "chip" : one.matches(".kpis tbody th > a") ? "title" : one.localName, style.outlineStyle];
    });
    seen.add(at[0]);
    assert.notEqual(at[1], "none", `${at[0]} does not show that it has the focus`);
    if (at[0] === "summary") {
      await page.keyboard.press("Enter");
      assert.ok(await page.evaluate(() => document.activeElement.parentElement.open));
    }
  }
  for (const what of ["a", "chip", "select", "button", "title", "summary"]) assert.ok(seen.has(what), `${what} of ${[...seen]}`);
  await context.close();
});

test("markup in titles, owners and labels stays text, even where no policy forbids it", async ({ chromium, many }) => {
  const context = await chromium.newContext({ bypassCSP: true });
  for (const path of PAGES) {
    const page = await open(context, many + path);
    assert.equal(await page.locator("script, img, iframe, object, main svg[onload]").count(), 0, path);
    assert.equal(await page.evaluate(() => document.querySelectorAll("[onerror], [onload], [onclick]").length), 0, path);
    await page.close();
  }
  const page = await open(context, `${many}/?${new URLSearchParams({ team: "<script>alert(1)</script>" })}`);
  assert.equal(await page.locator("script").count(), 0);
  assert.match(await page.locator("main").textContent(), /<script>/);
  await context.close();
});

test("a wall screen is asked to come back by a header, not by the page", async ({ many }) => {
  const answer = await fetch(`${many}/?refresh=60`);
  assert.equal(answer.headers.get("refresh"), "60");
  assert.equal((await fetch(`${many}/`)).headers.get("refresh"), null);
  assert.ok(!(await answer.text()).includes("http-equiv"));
});

test("a newcomer's charts are not empty", async ({ chromium, few }) => {
  await filled(few);
  const context = await chromium.newContext();
  const page = await open(context, `${few}/`);
  assert.equal(await page.locator("svg.spark").count(), 3);
  await page.goto(`${few}/kpi/net_new_arr`);
  assert.ok((await page.locator("polyline.before").count()) > 0);
  assert.ok((await page.locator(".broad polyline.value").getAttribute("points")).split(" ").length > 20);
  await context.close();
});

const [chromium, few, many] = await Promise.all([browser(), demo(), thirty()]);
let failed = 0;
try {
  for (const [name, run] of tests) {
    try {
      await run({ chromium, few: few.base, many: many.base, folder: many.folder });
      console.log(`test browser::${name} ... ok`);
    } catch (error) {
      failed += 1;
      console.log(`test browser::${name} ... FAILED\n${error.stack}`);
    }
  }
} finally {
  await chromium.close();
  few.stop();
  many.stop();
}
console.log(`test result: ${failed ? "FAILED" : "ok"}. ${tests.length - failed} passed; ${failed} failed; 0 ignored`);
process.exitCode = failed ? 1 : 0;
