// Opens the reports of a practice run and of hostile files in headless Chromium without a network, and checks that the
// page works, requests nothing, and has no serious problem of accessibility. Writes screenshots to look at.
//
// usage: node report_browser.mjs <DRAGNET> <MODULES> <CHROMIUM> [<SCREENSHOTS>]
//   <DRAGNET>      path of the binary; makes no connections to other machines
//   <MODULES>      folder with playwright-core and axe-core in node_modules
//   <CHROMIUM>     path of the browser
//   <SCREENSHOTS>  folder for the screenshots

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const HOSTILE = [
  "<script>alert(1)</script>",
  "</td></pre><img src=x onerror=alert(1)>",
  "\" onmouseover=\"alert(1)",
  "<!--",
  "]]>&lt;b&gt;&#60;i&#62;",
  "user\u202enimda\u2069",
  "a\u2028b\u2029c",
  "javascript:alert(1)",
  "{{secret}} ${alert(1)}",
  "x".repeat(5000),
];

function sweep(dragnet, directory, words) {
  const common = ["--format", "csv,jsonl,json,html", "--out", "runs", "-q"];
  const environment = { PATH: process.env.PATH, HOME: directory };
  const ended = spawnSync(dragnet, ["sweep", ...words, ...common], { cwd: directory, env: environment, encoding: "utf8" });
  assert.ok([0, 3].includes(ended.status), `${words} ended with ${ended.status}: ${ended.stderr}`);
  const [run] = readdirSync(join(directory, "runs"));
  return join(directory, "runs", run);
}

function practiceRun(dragnet, directory) {
  mkdirSync(directory);
  return sweep(dragnet, directory, ["AKIADEPLOYBOT2LEAKED", "198.51.100.23", "--hunt", "iam-access-denied", "--practice"]);
}

function followRun(dragnet, directory) {
  mkdirSync(directory);
  return sweep(dragnet, directory, ["AKIADEPLOYBOT2LEAKED", "--follow", "--practice"]);
}

// A record that has the text in every field that a caller can influence.
function hostileRecord(text, number) {
  return {
    eventVersion: "1.11",
    userIdentity: { type: text, principalId: text, arn: text, accountId: text, accessKeyId: text, userName: text },
    eventTime: `2026-03-02T10:${String(number).padStart(2, "0")}:00Z`,
    eventSource: text, eventName: text, awsRegion: "us-east-1", sourceIPAddress: text, userAgent: text,
    errorCode: text, errorMessage: text, requestID: text, requestParameters: { name: text },
    additionalEventData: { tag: "needle", [text]: "needle" },
    eventID: `e${number}`, recipientAccountId: "111111111111",
  };
}

function hostileRun(dragnet, directory) {
  mkdirSync(join(directory, "copies"), { recursive: true });
  writeFileSync(join(directory, "copies", "records.json"), JSON.stringify({ Records: HOSTILE.map(hostileRecord) }));
  return sweep(dragnet, directory, [
    "text:needle", "--files", "copies", "--from", "2026-03-02T00:00:00Z", "--to", "2026-03-03T00:00:00Z",
  ]);
}

// Opens the page, and fails on any request, message on the console or error.
async function open(browser, file, options, act) {
  const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const problems = [];
  const url = pathToFileURL(file).href;
  page.on("request", (request) => request.url() === url || problems.push(`request: ${request.url()}`));
  page.on("console", (message) => problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(url);
  await act(page);
  assert.deepEqual(problems, [], `${file} ${JSON.stringify(options)}`);
  await context.close();
}

const shownRows = (page) => page.locator("#rows tbody:visible").count();

// The filter is applied a moment after the last key.
async function expectRows(page, number) {
  await page.waitForFunction((text) => document.getElementById("status").textContent.startsWith(text), `${number} of `);
  assert.equal(await shownRows(page), number);
}

async function useTable(page, lines) {
  const total = lines.length;
  await expectRows(page, total);
  assert.match(await page.locator("h1").textContent(), new RegExp(`^${total} sightings? (was|were) found, and`));

  const expected = lines.filter((line) => line.principal_arn === lines[0].principal_arn);
  if (lines[0].principal_arn !== "") {
    await page.fill("#filter", lines[0].principal_arn.slice(0, 40));
    await page.waitForTimeout(200);
    assert.ok(await shownRows(page) >= expected.length);
    await page.fill("#filter", "no row contains this");
    await expectRows(page, 0);
    await page.fill("#filter", "");
    await expectRows(page, total);
  }

  // Each click on a column sorts the other way round.
  const column = (number) => page.locator(`#rows tbody tr:first-child td:nth-child(${number})`).allTextContents();
  const lineHeader = page.locator("#rows thead th:nth-child(1) button");
  for (const direction of ["ascending", "descending"]) {
    await lineHeader.press("Enter");
    assert.equal(await page.locator("#rows thead th:nth-child(1)").getAttribute("aria-sort"), direction);
    const numbers = (await column(1)).map(Number);
    const sorted = [...numbers].sort((one, other) => (direction === "ascending" ? one - other : other - one));
    assert.deepEqual(numbers, sorted);
  }
  await lineHeader.click();
}

async function useRecords(page) {
  const record = page.locator("#rows tbody details").first();
  assert.equal(await record.locator("pre").isVisible(), false);
  await record.locator("summary").press("Enter");
  assert.ok(await record.locator("pre").isVisible());
  await page.click("#expand");
  const all = await page.locator("#rows tbody details").count();
  assert.equal(await page.locator("#rows tbody details[open]").count(), all);
  await page.click("#expand");
  assert.equal(await page.locator("#rows tbody details[open]").count(), 0);
}

async function useTimeline(page, lines) {
  const bars = page.locator("a.bar");
  const counts = await bars.evaluateAll((links) => links.map((link) => Number(/: ([\d,]+) /.exec(link.textContent)[1])));
  assert.equal(counts.reduce((sum, count) => sum + count, 0), lines.length);
  await bars.first().focus();
  await bars.first().press("Enter");
  await expectRows(page, counts[0]);
  await page.click("#period");
  await expectRows(page, lines.length);
  const fill = () => page.locator("a.bar .no, a.bar .ok").first().evaluate((bar) => getComputedStyle(bar).fill);
  const byAccount = await fill();
  await page.check("#by-outcome");
  assert.ok(await page.locator(".legend.outcomes").isVisible());
  assert.ok(!(await page.locator(".legend.accounts").isVisible()));
  await page.check("#by-account");
  assert.equal(await fill(), byAccount);
}

// Nothing is wider than the window, and axe finds no serious problem, with everything open.
async function checkLayout(page, axe) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `the page is ${content} px wide in a window of ${window} px`);
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document);
    return result.violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes[0].html}`);
  });
  assert.deepEqual(violations.filter((violation) => /^(serious|critical)/.test(violation)), []);
}

// The graph has every identity and every pair of identities with a call, and its tables have the rest.
async function checkLineage(page, run) {
  const { nodes, edges, open_ends: openEnds } = JSON.parse(readFileSync(join(run, "follow.json"), "utf8"));
  assert.ok(nodes.length > 1 && edges.length > 0, "the run follows credentials");
  const graph = page.locator("svg.lineage");
  assert.ok(await graph.isVisible());
  assert.equal(await graph.locator("g.node").count(), nodes.length);
  const pairs = new Set(edges.filter(({ from, to }) => from !== to).map(({ from, to }) => `${from} ${to}`));
  assert.equal(await graph.locator("g.edge").count(), pairs.size);
  const boxes = await graph.locator("g.node rect").evaluateAll((rects) => rects.map((rect) => `${rect.getAttribute("x")} ${rect.getAttribute("y")}`));
  assert.equal(new Set(boxes).size, nodes.length, "no two boxes are at the same position");
  assert.equal(await page.getByLabel("Identities of the lineage").locator("tbody tr").count(), nodes.length);
  assert.equal(await page.getByLabel("Calls of the lineage").locator("tbody tr").count(), edges.length);
  assert.equal(await page.getByLabel("Open ends of the lineage").locator("tbody tr").count(), openEnds.length);
}

async function checkWithoutScript(page, lines) {
  assert.ok(await page.locator("h1").isVisible());
  assert.equal(await shownRows(page), lines.length);
  assert.equal(await page.locator("#tools").isVisible(), false, "controls that do nothing are hidden");
  const record = page.locator("#rows tbody details").first();
  await record.locator("summary").click();
  assert.ok(await record.locator("pre").isVisible());
  await page.locator("a.bar").first().click();
  assert.match(page.url(), /#bar-\d+$/);
}

async function checkReport(browser, axe, run, name, screenshots) {
  const file = join(run, "report.html");
  const lines = readFileSync(join(run, "sightings.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
  const shot = (page, what) => screenshots && page.screenshot({ path: join(screenshots, `${name}-${what}.png`), fullPage: true });
  await open(browser, file, {}, async (page) => {
    await useTable(page, lines);
    await useRecords(page);
    await useTimeline(page, lines);
    const text = await page.locator("body").innerText();
    assert.ok(!/[\u202a-\u202e\u2066-\u2069]/.test(text), "deceptive characters are shown as escapes");
    await page.emulateMedia({ media: "print" });
    assert.ok(await page.getByText("All gaps, one by one").locator("xpath=..").locator("table").isVisible());
    if (screenshots) await page.pdf({ path: join(screenshots, `${name}-print.pdf`), format: "A4" });
  });
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      await open(browser, file, { colorScheme, viewport: { width, height: 900 } }, async (page) => {
        await shot(page, `${width}-${colorScheme}`);
        await checkLayout(page, axe);
      });
    }
  }
  await open(browser, file, { javaScriptEnabled: false }, (page) => checkWithoutScript(page, lines));
  const isFollowed = readdirSync(run).includes("follow.json");
  await open(browser, file, { javaScriptEnabled: false }, async (page) => {
    if (isFollowed) await checkLineage(page, run);
    else assert.equal(await page.locator("svg.lineage").count(), 0);
  });
  console.log(`ok     ${name}: ${lines.length} sightings`);
}

async function main() {
  const [dragnet, modules, chromium, screenshots] = process.argv.slice(2).map((argument) => resolve(argument));
  const require = createRequire(join(modules, "index.js"));
  const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  const directory = mkdtempSync(join(tmpdir(), "dragnet-report-"));
  if (screenshots) mkdirSync(screenshots, { recursive: true });
  // Tests of a container run as root, where Chromium has no sandbox.
  const browser = await require("playwright-core").chromium.launch({ executablePath: chromium, args: ["--no-sandbox"] });
  try {
    for (const [name, makeRun] of Object.entries({ practice: practiceRun, follow: followRun, hostile: hostileRun })) {
      await checkReport(browser, axe, makeRun(dragnet, join(directory, name)), name, screenshots);
    }
  } finally {
    await browser.close();
    rmSync(directory, { recursive: true });
  }
}

await main();
