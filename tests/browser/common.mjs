// What tests and pictures share: programs that serve pages, a browser, and waiting with a deadline.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { write } from "./thirty.mjs";

export const ROOT = join(import.meta.dirname, "../..");
const DEADLINE = 180_000;
// A debug build takes its time over four hundred days of fifty series.
const HISTORY = 900_000;

export const program =
  process.env.KPI_EXPORTER ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/kpi-exporter");

// The browser of Debian's package, or the one named in CHROMIUM.
export function browser() {
  const places = [process.env.CHROMIUM, "/usr/bin/chromium"].filter(Boolean);
  const executablePath = places.find((place) => existsSync(place));
  if (!executablePath) throw new Error(`no browser: ${places.join(", ")} is not there; tests/run.sh installs it`);
  // Containers seldom allow a sandbox inside; pages are our own.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function until(what, ask, deadline = Date.now() + DEADLINE) {
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// Runs the program; gives its address and how to stop it.
async function serve(args, folder) {
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(program, [...args, "--web.listen-address", address], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (text) => (log = (log + text).slice(-10_000)));
  child.on("error", (error) => (log += error));
  const base = `http://${address}`;
  await until("ready", async () => {
    if (child.exitCode !== null) throw Object.assign(new Error(log), { fatal: true });
    return (await fetch(`${base}/-/ready`)).ok;
  }).catch((error) => {
    child.kill();
    throw new Error(`${error.message}\n${log}`);
  });
  return { base, stop: () => child.kill("SIGTERM") };
}

export const demo = () => serve(["demo"]);

// Thirty KPIs with everything that is awkward, and the folder they are in.
export async function thirty() {
  const folder = mkdtempSync(join(tmpdir(), "kpi-exporter-browser-"));
  write(folder);
  const served = await serve(["run", "--config", join(folder, "kpi-exporter.yaml")], folder);
  return { ...served, folder, stop: () => (served.stop(), rmSync(folder, { recursive: true })) };
}

// History is there when pages no longer say that it is being filled in.
export const filled = (base) =>
  until("history", async () => !(await (await fetch(base)).text()).includes("History is being filled in"), Date.now() + HISTORY);
