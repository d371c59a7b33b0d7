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
import { writeReference, writeTables } from '../../src/config/markdown.ts';
import { writeRoutes } from '../../src/pages/routes.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');
const operations = page('operations.md');

test('docs/configuration.md is what the schema says (npm run docs)', () => {
  assert.equal(page('configuration.md'), writeReference());
});

const program = await buildProgram({ out: () => undefined, err: () => undefined, code: 0 });

test('docs/commands.md is what the commands say of themselves (npm run docs)', async () => {
  const commands = page('commands.md');
  assert.equal(commands, writeCommands(commands, factsOf(program), await placed()));
});

test('docs/api.md has the routes that there are (npm run docs)', () => {
  const api = page('api.md');
  assert.equal(api, writeRoutes(api));
});

test('docs/operations.md has the settings that there are (npm run docs)', () => {
  assert.equal(operations, writeTables(operations));
});

test('docs/operations.md has the exit codes that there are', () => {
  const rows = [...operations.matchAll(/^\| (\d+) \| ([a-z]+) \|/gm)].map(([, code, name]) => [name, Number(code)]);
  assert.deepEqual(Object.fromEntries(rows), exitCodes);
});

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'));

test('docs/operations.md lists every event of the log', () => {
  const events = sources.flatMap((text) =>
    [...text.matchAll(/log\.(?:debug|info|warn|error)\(\s*'([a-z0-9-]+\.[a-z0-9_.-]+)'/g)].map(
      ([, event]) => event ?? '',
    ),
  );
  assert.ok(events.length > 20, 'the search finds the calls');
  const missing = [...new Set(events)].filter((event) => !operations.includes(`\`${event}\``));
  assert.deepEqual(missing, []);
});

test('docs/operations.md lists no event that nobody logs', () => {
  const log = operations.slice(operations.indexOf('\n## Log\n'));
  const listed = [...log.matchAll(/`([a-z0-9-]+\.[a-z0-9_-]+)`(?=[^\n]*\| (?:debug|info|warn|error) \|)/g)].map(
    ([, event]) => event ?? '',
  );
  assert.ok(listed.length > 20, 'the search finds the rows');
  assert.deepEqual(
    listed.filter((event) => !sources.some((text) => text.includes(`'${event}'`))),
    [],
  );
});

test('docs/operations.md lists every command', () => {
  const leaves = (command: Command, path: string): string[] =>
    command.commands.length === 0
      ? [path]
      : command
          .createHelp()
          .visibleCommands(command)
          .filter((c) => c.name() !== 'help')
          .flatMap((c) => leaves(c, path === '' ? c.name() : `${path} ${c.name()}`));
  const missing = leaves(program, '').filter((path) => !operations.includes(`\`${path}`));
  assert.deepEqual(missing, []);
});
