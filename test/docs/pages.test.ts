/** The pages for operators tell of what is there, and of nothing else. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { factsOf } from '../../src/cli/command-tree.ts';
import { writeCommands } from '../../src/cli/commands-page.ts';
import { placed } from '../../src/cli/placed.ts';
import { exitCodes } from '../../src/cli/exit.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { writeReference } from '../../src/pages/configuration.ts';
import { configReference } from '../../src/config/reference.ts';
import { LOG_EVENTS } from '../../src/domain/log-events.ts';
import { declaredMetrics } from '../../src/gateway/declared-metrics.ts';
import { writeContents } from '../../src/pages/contents.ts';
import { titleOf, writeDecisions } from '../../src/pages/decisions.ts';
import { writeControls } from '../../src/commands/statement/controls-page.ts';
import { writeRoutes } from '../../src/pages/routes.ts';
import { writeSignals } from '../../src/pages/signals.ts';
import { sourceFiles, sourceText } from '../support/source-files.ts';

const root = join(import.meta.dirname, '..', '..');
const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');
const signals = page('signals.md');
const commands = page('commands.md');

test('docs/configuration.md is what the schema says (npm run docs)', () => {
  assert.equal(page('configuration.md'), writeContents(writeReference()));
});

const program = await buildProgram({ out: () => undefined, err: () => undefined, code: 0 });

test('docs/commands.md is what the commands say of themselves (npm run docs)', async () => {
  assert.equal(commands, writeCommands(commands, factsOf(program), await placed()));
});

test('docs/routes.md has the routes that there are (npm run docs)', () => {
  const routes = page('routes.md');
  assert.equal(routes, writeRoutes(routes));
});

test('docs/security.md has the controls that there are (npm run docs)', () => {
  const security = page('security.md');
  assert.equal(security, writeControls(security));
});

test('docs/decisions/README.md has every decision (npm run docs)', () => {
  const decided = readdirSync(join(root, 'docs', 'decisions')).filter((name) => /^\d{4}-/.test(name));
  assert.ok(decided.length > 150, String(decided.length));
  const titles = new Map(decided.map((name) => [name, titleOf(page(`decisions/${name}`))]));
  assert.equal(page('decisions/README.md'), writeDecisions(page('decisions/README.md'), titles));
});

test('docs/signals.md is what the code tells (npm run docs)', () => {
  assert.equal(page('signals.md'), writeSignals(declaredMetrics()));
});

test('docs/signals.md has the exit codes that there are', () => {
  const rows = [...signals.matchAll(/^\| (\d+) \| ([a-z]+) \|/gm)].map(([, code, name]) => [name, Number(code)]);
  assert.deepEqual(Object.fromEntries(rows), exitCodes);
});

/** All but the table of events itself. */
const sources = sourceFiles()
  .filter((file) => !/^src\/domain[/\\]log-events/.test(file))
  .map(sourceText);

const events = LOG_EVENTS.flatMap(([, table]) => Object.entries(table));

test('docs/signals.md lists every event of the log, with each level that it is written at', () => {
  const written = sources.flatMap((text) =>
    [...text.matchAll(/log\.(debug|info|warn|error)\(\s*'([a-z0-9-]+\.[a-z0-9_.-]+)'/g)].map(
      ([, level = '', event = '']) => `${event} ${level}`,
    ),
  );
  assert.ok(written.length > 200, 'the search finds the calls');
  const listed = new Set<string>(events.flatMap(([name, { levels }]) => levels.map((level) => `${name} ${level}`)));
  assert.deepEqual(
    [...new Set(written)].filter((one) => !listed.has(one)),
    [],
  );
  for (const [name] of events) assert.match(signals, new RegExp(`^\\| \`${name.replaceAll('.', '\\.')}\` \\|`, 'm'));
});

test('docs/signals.md lists no event that nobody logs, and none twice', () => {
  const names = events.map(([name]) => name);
  assert.ok(names.length > 250, String(names.length));
  assert.deepEqual(
    names.filter((event, n) => names.indexOf(event) !== n || !sources.some((text) => text.includes(`'${event}'`))),
    [],
  );
});

test('every event of level warn or error says what to do', () => {
  const grave = events.filter(([, { levels }]) => levels.some((level) => level === 'warn' || level === 'error'));
  assert.ok(grave.length > 60, String(grave.length));
  assert.deepEqual(
    grave.filter(([, { remedy = '' }]) => !/\w{3}/.test(remedy)).map(([name]) => name),
    [],
  );
});

test('docs/commands.md lists every command', () => {
  const leaves = (command: Command, path: string): string[] =>
    command.commands.length === 0
      ? [path]
      : command
          .createHelp()
          .visibleCommands(command)
          .filter((c) => c.name() !== 'help')
          .flatMap((c) => leaves(c, path === '' ? c.name() : `${path} ${c.name()}`));
  const missing = leaves(program, '').filter((path) => !commands.includes(`\nsluis ${path}`));
  assert.deepEqual(missing, []);
});

test('every setting in a block of TOML is one of the configuration', () => {
  const known = new Set(
    configReference().flatMap(({ name, fields }) => fields.map((field) => `${name}.${field.name}`)),
  );
  const unknown: string[] = [];
  let count = 0;
  for (const file of readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')))
    for (const [, block = ''] of page(file).matchAll(/^```toml\n([\s\S]*?)^```$/gm)) {
      let section = '';
      for (const line of block.split('\n')) {
        section = /^\[+([a-z.-]+)\]+/.exec(line)?.[1] ?? section;
        const name = /^([a-z-]+) *=/.exec(line)?.[1];
        if (name === undefined) continue;
        count += 1;
        if (!known.has(`${section}.${name}`)) unknown.push(`${file}: [${section}] ${name}`);
      }
    }
  assert.ok(count > 30, String(count));
  assert.deepEqual(unknown, []);
});
