// Writes the pages, and parts of pages, that come from the code: the configuration reference, the signals, the replies and
// the lock on their codes, the contents of long pages. Run "npm run docs".
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeReference } from '../src/pages/configuration.ts';
import { writeDataKinds } from '../src/pages/data-kinds.ts';
import { factsOf } from '../src/cli/command-tree.ts';
import { writeCommands } from '../src/cli/commands-page.ts';
import { placed } from '../src/cli/placed.ts';
import { buildProgram } from '../src/cli/program.ts';
import { writeLock, writeReplies } from '../src/pages/replies.ts';
import { writeSignals } from '../src/pages/signals.ts';
import { declaredMetrics } from '../src/gateway/declared-metrics.ts';
import { titleOf, writeDecisions } from '../src/pages/decisions.ts';
import { writeRoutes } from '../src/pages/routes.ts';
import { writeControls } from '../src/commands/statement/controls-page.ts';
import { hasContents, writeContents } from '../src/pages/contents.ts';

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
