// The schema of the configuration in an editor: the language server that VS Code and Helix use is asked
// about every example and about what people type. Talks LSP over standard input and output.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const server = spawn(process.execPath,
  [join(here, "node_modules/yaml-language-server/bin/yaml-language-server"), "--stdio"],
  { stdio: ["pipe", "pipe", "ignore"] });

const waiting = new Map();
const diagnosed = new Map();
let received = Buffer.alloc(0), next = 1;
server.stdout.on("data", (data) => {
  received = Buffer.concat([received, data]);
  for (;;) {
    const head = received.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(received.subarray(0, head).toString())[1]);
    if (received.length < head + 4 + length) return;
    const message = JSON.parse(received.subarray(head + 4, head + 4 + length).toString());
    received = received.subarray(head + 4 + length);
    take(message);
  }
});
function take(message) {
  if (message.method === "textDocument/publishDiagnostics") {
    diagnosed.get(message.params.uri)?.(message.params.diagnostics);
  } else if (message.method && message.id !== undefined) {
    // The server asks for settings, and to register: nothing special.
    const result = message.method === "workspace/configuration" ? message.params.items.map(() => null) : null;
    send({ id: message.id, result });
  } else if (message.id !== undefined) {
    waiting.get(message.id)?.(message.result);
    waiting.delete(message.id);
  }
}
function send(message) {
  const text = JSON.stringify({ jsonrpc: "2.0", ...message });
  server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
function within(promise, what) {
  let timer;
  const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error(`no answer: ${what}`)), 60_000); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
function ask(method, params) {
  const id = next++;
  const answer = new Promise((yes) => waiting.set(id, yes));
  send({ id, method, params });
  return within(answer, method);
}
/// Opens a document below the configurations and gives what the server finds wrong with it.
function open(uri, text) {
  const answer = new Promise((yes) => diagnosed.set(uri, yes));
  send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: 1, text } } });
  return within(answer, uri);
}
let documents = 0;
const modeline = "# yaml-language-server: $schema=kpi-exporter.schema.json\n";
/// A document as somebody types it; `|` is where the cursor stands.
async function typed(text) {
  const uri = pathToFileURL(join(root, "config", `typed-${documents++}.yaml`)).href;
  const whole = modeline + text.replace("|", "");
  const before = (modeline + text).split("|")[0].split("\n");
  const found = await open(uri, whole);
  return { found, at: { textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1).length } } };
}
const labels = (answer) => (Array.isArray(answer) ? answer : answer.items).map((item) => item.label);
const said = (answer) => (answer?.contents?.value ?? JSON.stringify(answer?.contents ?? ""));

const tests = [];
const test = (name, run) => tests.push([name, run]);

const examples = ["config/kpi-exporter.yaml", ...readdirSync(join(root, "config/examples"), { recursive: true })
  .filter((name) => name.endsWith(".yaml")).map((name) => `config/examples/${name}`)].sort();
for (const example of examples) {
  test(`${example} starts with its modeline and has nothing to complain of`, async () => {
    const text = readFileSync(join(root, example), "utf8");
    const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text);
    assert.ok(schema, "no modeline");
    assert.equal(resolve(root, dirname(example), schema[1]), join(root, "config/kpi-exporter.schema.json"));
    assert.deepEqual((await open(pathToFileURL(join(root, example)).href, text)).map((one) => one.message), []);
  });
}
test("enough examples are looked at", () => assert.ok(examples.length > 10, examples.join()));

for (const [what, text] of [
  ["a key of a KPI", "version: 1\nkpis:\n  a:\n    direktion: increase\n"],
  ["a key of a metric", "version: 1\nmetrics:\n  a:\n    sourc: s\n"],
  ["a key of a format", "version: 1\nmetrics:\n  a:\n    format: { csv: { delimeter: ';' } }\n"],
  ["a key of a source", "version: 1\nsources:\n  a: { sql: { uri: x } }\n"],
  ["a type of source", "version: 1\nsources:\n  a: { oracle: { url: x } }\n"],
  ["a key of the top", "version: 1\nkpi: {}\n"],
  ["a key of a digest", "version: 1\ndigest:\n  a: { schedul: '@hourly' }\n"],
  ["a key of pagination", "version: 1\nmetrics:\n  a:\n    pagination: { cursor: { form: x } }\n"],
  ["a key of a target", "version: 1\nkpis:\n  a:\n    target: { minimum: 3 }\n"],
  ["a key of a login", "version: 1\nsources:\n  a: { http: { url: x, auth: { baerer: x } } }\n"],
  ["a key of a test", "version: 1\ntests:\n  a: { asof: 2026-01-01 }\n"],
  ["a word that is none", "version: 1\nkpis:\n  a:\n    kind: laging\n"],
  ["a template that is none", "version: 1\nkpis:\n  a:\n    template: churn\n"],
  ["a version to come", "version: 2\n"],
]) {
  test(`${what} that is misspelt is told`, async () => {
    assert.ok((await typed(text)).found.length > 0, text);
  });
}

for (const [text, wanted] of [
  ["version: 1\n|", ["kpis", "metrics", "sources", "calendar", "digest", "tests"]],
  ["version: 1\nkpis:\n  a:\n    |", ["formula", "template", "direction", "baseline", "levers"]],
  ["version: 1\nkpis:\n  a:\n    kind: |", ["leading", "efficiency", "lagging"]],
  ["version: 1\nkpis:\n  a:\n    accumulation: |", ["flow", "level", "ratio"]],
  ["version: 1\nkpis:\n  a:\n    template: |", ["churn_rate", "nrr", "uptime"]],
  ["version: 1\nsources:\n  a:\n    |", ["sql", "files", "http", "prometheus"]],
  ["version: 1\nmetrics:\n  a:\n    |", ["source", "query", "labels"]],
]) {
  test(`${JSON.stringify(text)} is completed`, async () => {
    const { at } = await typed(text);
    const found = labels(await ask("textDocument/completion", at));
    for (const one of wanted) assert.ok(found.includes(one), `${one} is not among ${found}`);
  });
}

for (const [text, wanted] of [
  ["version: 1\nkpis:\n  a:\n    accumu|lation: flow\n", /flow/],
  ["version: 1\nkpis:\n  a:\n    lead|_time: 30d\n", /./],
  ["version: 1\ncalendar:\n  fiscal_year|_start: april\n", /month/],
  ["version: 1\nsources:\n  a: { sql: { u|rl: x } }\n", /postgres/],
  ["version: 1\nmetrics:\n  a:\n    ro|ws: $.x\n", /JSONPath/],
  ["version: 1\nkpis|:\n  a: {}\n", /./],
]) {
  test(`${JSON.stringify(text)} is explained`, async () => {
    const { at } = await typed(text);
    const answer = said(await ask("textDocument/hover", at));
    assert.match(answer.replace(/kpi-exporter|Source:.*/g, ""), wanted);
  });
}

// Every mistake of the kind that the program knows: the schema knows it as well.
const fixtures = join(root, "tests/config_errors");
const unknown = readdirSync(fixtures, { recursive: true }).filter((name) => name.endsWith(".yaml")).filter((name) => {
  const expected = join(fixtures, name.replace(/yaml$/, "expected"));
  return existsSync(expected) && /unknown key/.test(readFileSync(expected, "utf8"));
});
test("enough mistakes are known", () => assert.ok(unknown.length > 10, unknown.join()));
for (const name of unknown) {
  test(`the unknown key of ${name} is told`, async () => {
    const { found } = await typed(readFileSync(join(fixtures, name), "utf8").replaceAll("|", " "));
    assert.ok(found.length > 0, name);
  });
}

let failed = 0;
try {
  await ask("initialize", {
    processId: process.pid, rootUri: pathToFileURL(root).href,
    capabilities: { textDocument: { hover: { contentFormat: ["markdown"] }, publishDiagnostics: {} } },
  });
  send({ method: "initialized", params: {} });
  send({ method: "workspace/didChangeConfiguration", params: { settings: { yaml: {
    validate: true, hover: true, completion: true, schemaStore: { enable: false } } } } });
  for (const [name, run] of tests) {
    try {
      await run();
      console.log(`test ${name} ... ok`);
    } catch (error) {
      failed += 1;
      console.log(`test ${name} ... FAILED\n${error.message}`);
    }
  }
} finally {
  server.kill();
}
console.log(`test result: ${failed ? "FAILED" : "ok"}. ${tests.length - failed} passed; ${failed} failed; 0 ignored`);
process.exitCode = failed ? 1 : 0;
