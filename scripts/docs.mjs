// Writes the pages, and parts of pages, that come from the code: the configuration reference, the signals, the replies and
// the lock on their codes, the contents of long pages. Run "npm run docs".
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeReference } from '../dist/src/pages/configuration.js';
import { writeDataKinds } from '../dist/src/pages/data-kinds.js';
import { factsOf } from '../dist/src/cli/command-tree.js';
import { writeCommands } from '../dist/src/cli/commands-page.js';
import { placed } from '../dist/src/cli/placed.js';
import { buildProgram } from '../dist/src/cli/program.js';
import { writeLock, writeReplies } from '../dist/src/pages/replies.js';
import { writeSignals } from '../dist/src/pages/signals.js';
import { declaredMetrics } from '../dist/src/gateway/declared-metrics.js';
import { titleOf, writeDecisions } from '../dist/src/pages/decisions.js';
import { writeRoutes } from '../dist/src/pages/routes.js';
import { writeControls } from '../dist/src/commands/statement/controls-page.js';
import { hasContents, writeContents } from '../dist/src/pages/contents.js';

const docs = join(dirname(fileURLToPath(import.meta.url)), '..', 'docs');
const rewrite = (name, write) => writeFileSync(join(docs, name), write(readFileSync(join(docs, name), 'utf8')));

writeFileSync(join(docs, 'configuration.md'), writeReference());
writeFileSync(join(docs, 'signals.md'), writeSignals(declaredMetrics()));
writeFileSync(join(docs, 'replies.md'), writeReplies());
rewrite('../test/golden/replies.txt', writeLock);
rewrite('data.md', writeDataKinds);
rewrite('routes.md', writeRoutes);
rewrite('security.md', writeControls);
const decided = readdirSync(join(docs, 'decisions')).filter((name) => /^\d{4}-/.test(name));
const titles = new Map(decided.map((name) => [name, titleOf(readFileSync(join(docs, 'decisions', name), 'utf8'))]));
rewrite('decisions/README.md', (page) => writeDecisions(page, titles));
const program = factsOf(await buildProgram({ out: () => undefined, err: () => undefined, code: 0 }));
const rows = await placed();
rewrite('commands.md', (page) => writeCommands(page, program, rows));
for (const name of readdirSync(docs).filter((file) => file.endsWith('.md')))
  rewrite(name, (page) => (hasContents(page) ? writeContents(page) : page));
