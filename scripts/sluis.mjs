#!/usr/bin/env node
// The command `sluis`: runs what was built. It is a file of the tree, and not of the build, because npm links a command when it installs and
// leaves the link as it is ever after: one to a file that is not there yet says "not found" also when the file has come.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/src/main.js', import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  process.stderr.write(`Cannot run sluis: it is not built yet; run "npm run build" in ${folder} first\n`);
  // As for a runtime that does not fit: src/cli/exit.ts, unavailable.
  process.exitCode = 7;
}
