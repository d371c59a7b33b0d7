// Runs test files one after another in the process that imports this: what a file loads stands ready for the next one, and is compiled as far as that one
// used it. Each file is a suite by its path, so that its own `before` and `after` stay its own, and is loaded when its turn comes.
//
// What a file leaves open would keep this process from ending, and be any file's: so that is looked for after each, and fails it by its name.
import { appendFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, describe } from 'node:test';
import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const load = createRequire(import.meta.url);

/** What keeps this process alive, by its kind, such as "TCPServerWrap". */
function kept() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** `patience`: milliseconds, since a connection that was ended may take a while to be gone. Resolves to kinds that are left. */
async function leftBeyond(before, patience) {
  const end = performance.now() + patience;
  for (;;) {
    const more = [...kept()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    if (more.length === 0 || performance.now() > end) return more.map(([kind]) => kind);
    await pause(2);
  }
}

/** `files`: absolute paths. `now`: a file that says which one is run. `apart`: one for the lines of those that need a process of their own. */
export async function runFiles({ files, now, apart, patience }) {
  // What is open by then is the runner's own.
  await pause(1);
  let before = kept();
  let leaked = false;
  const assertClosed = async () => {
    const left = await leftBeyond(before, patience);
    if (left.length === 0) return;
    before = kept();
    leaked = true;
    throw new Error(`It left open what keeps its process alive: ${left.join(', ')}`);
  };
  for (const file of files) {
    writeFileSync(now, file);
    await new Promise((done) => {
      describe(relative(process.cwd(), file), () => {
        try {
          // At once: what stands behind an await would belong to no suite.
          load(file);
        } catch (error) {
          // It awaits at its top, or something that it loads does: nothing of it has run.
          if (error.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
          appendFileSync(apart, `${file}\n`);
        } finally {
          // Hooks run in the order of their making: after the file's own.
          after(() => assertClosed().finally(done));
        }
      });
    });
  }
  // All is told by then, and nothing else would end it.
  if (leaked) setTimeout(() => process.exit(1), 500);
}
