// Says whether a file of alerts for Grafana's provisioning is of the types that Grafana publishes: each
// rule is handed to the TypeScript compiler as a literal, which takes no key and no value too many.
//
//     node grafana-alerts.mjs FILE
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const file = parse(readFileSync(process.argv[2], "utf8"));
const fail = (text) => {
  console.error(`${process.argv[2]}: ${text}`);
  process.exit(1);
};
const only = (what, object, keys) => {
  for (const key of Object.keys(object)) if (!keys.includes(key)) fail(`${what}: unknown key ${key}`);
};
const DURATION = /^(\d+(ms|[smhdwy]))+$|^0$/;

only("file", file, ["apiVersion", "groups"]);
if (file.apiVersion !== 1) fail("apiVersion is not 1");
const lines = [
  'import type { Query, Rule } from "@grafana/grafana-foundation-sdk/alerting";',
  'import type { TypeMath, TypeThreshold } from "@grafana/grafana-foundation-sdk/expr";',
  'import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";',
  // A method of the builders, no key of the file.
  'type Written<T> = Omit<T, "_implementsDataqueryVariant">;',
  'type Step<M> = Omit<Query, "model"> & { model: Written<M> };',
  // The file has keys of its own for these: the group's, and one in another spelling.
  'type Provisioned = Omit<Rule, "folderUID" | "ruleGroup" | "orgID" | "keep_firing_for" | "data">',
  "  & { uid: string; keepFiringFor?: string; data: [Step<Dataquery>, Step<TypeMath>, Step<TypeThreshold>] };",
  "export const rules: Provisioned[] = [];",
];
const uids = new Set();
for (const group of file.groups) {
  only(`group ${group.name}`, group, ["orgId", "name", "folder", "interval", "rules"]);
  if (!Number.isInteger(group.orgId) || !group.name || !group.folder) fail("a group lacks a name");
  if (!DURATION.test(group.interval)) fail(`${group.interval} is no duration`);
  for (const rule of group.rules) {
    if (!/^[a-zA-Z0-9_-]{1,40}$/.test(rule.uid)) fail(`${rule.uid} is no uid`);
    if (uids.has(rule.uid)) fail(`${rule.uid} is there twice`);
    uids.add(rule.uid);
    for (const key of ["for", "keepFiringFor"])
      if (rule[key] !== undefined && !DURATION.test(rule[key])) fail(`${rule.uid}: ${key}: ${rule[key]}`);
    if (!rule.data.some((step) => step.refId === rule.condition)) fail(`${rule.uid}: no ${rule.condition}`);
    // Enums of the published types take their members only; the file has their texts.
    const text = JSON.stringify(rule, null, 1).replace('"editorMode": "code",', "");
    lines.push(`rules.push(${text});`);
  }
}
if (uids.size < 20) fail(`${uids.size} rules`);
const folder = mkdtempSync(join(here, "node_modules", ".types-"));
try {
  writeFileSync(join(folder, "rules.ts"), lines.join("\n"));
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
  const tsc = join(here, "node_modules", "typescript", "bin", "tsc");
  const run = spawnSync(process.execPath, [tsc, ...flags, join(folder, "rules.ts")], { encoding: "utf8" });
  if (run.status !== 0) fail(run.stdout + run.stderr);
  console.log(`${uids.size} rules are of the published types`);
} finally {
  rmSync(folder, { recursive: true });
}
