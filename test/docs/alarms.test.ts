/**
 * docs/when-something-breaks.md has an entry for whatever can wake somebody, and no page sends
 * anybody to a command that is not there.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.ts';
import { settingsTable } from '../../src/domain/settings.ts';
import { anchorOf, hasContents, writeContents } from '../../src/pages/contents.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const entries = read('docs', 'when-something-breaks.md');
const pages = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'ROADMAP.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'docs/decisions/README.md',
  ...readdirSync(join(root, 'docs', 'nl')).map((name) => `docs/nl/${name}`),
];

test('every alarm has an entry, and names it', () => {
  const alarms = [...read('docs', 'alerts.yml').matchAll(/- alert: (\w+)([\s\S]*?)(?=\n\s*- alert:|$)/g)];
  assert.ok(alarms.length > 10, 'the search finds the alarms');
  for (const [, name = '', rule = ''] of alarms) {
    assert.match(rule, new RegExp(`runbook: docs/when-something-breaks\\.md#${name.toLowerCase()}(?:\\n|$)`), name);
    const severity = /severity: (\w+)/.exec(rule)?.[1] ?? '';
    assert.match(entries, new RegExp(`^### ${name}\\n\\n\\*${severity}\\*`, 'm'), name);
  }
});

interface Known {
  readonly groups: ReadonlySet<string>;
  readonly commands: ReadonlyMap<string, Command>;
}

function known(program: Command): Known {
  const groups = new Set<string>();
  const commands = new Map<string, Command>();
  const walk = (command: Command, path: string): void => {
    if (command.commands.length === 0) commands.set(path, command);
    else if (path !== '') groups.add(path);
    for (const sub of command.commands) walk(sub, `${path} ${sub.name()}`.trim());
  };
  walk(program, '');
  return { groups, commands };
}

/** What is wrong with a command that a page prints, or undefined. */
function wrong(line: string, { groups, commands }: Known): string | undefined {
  const words = line.split(/\s+/).slice(1);
  let path = words[0] ?? '';
  if (path === 'help') return undefined;
  if (groups.has(path) && /^[a-z-]+$/.test(words[1] ?? '')) path += ` ${words[1]}`;
  if (groups.has(path) && /^[a-z]+$/.test(words[2] ?? '') && words[2] !== undefined) path += ` ${words[2]}`;
  if (groups.has(path)) return undefined;
  const command = commands.get(path) ?? commands.get(path.split(' ').slice(0, 2).join(' '));
  if (command === undefined) return `no command ${path}`;
  const options = command.options.map((option) => option.long);
  const missing = words.find((word) => /^--[a-z-]+$/.test(word) && !options.includes(word));
  if (missing !== undefined) return `${path} has no ${missing}`;
  if (!path.endsWith(' set')) return undefined;
  return words
    .flatMap((word) => /^([a-z-]+)=/.exec(word)?.[1] ?? [])
    .find((name) => !Object.hasOwn(settingsTable, name));
}

test('every command that a page names is there, with its options and settings', async () => {
  const all = known(await buildProgram({ out: () => undefined, err: () => undefined, code: 0 }));
  const found: string[] = [];
  let count = 0;
  for (const page of pages)
    for (const [line] of read(page).matchAll(/(?<=`|^ {4}|^)(?:npx )?sluis [a-z][^`\n#]*/gm)) {
      // What signatures and hashes of this page begin with, such as `sluis audit link 2`, is no
      // command.
      if (page === 'docs/formats.md' && /^sluis [a-z ]+ \d+$/.test(line.trim())) continue;
      count += 1;
      const why = wrong(line.replace('npx ', ''), all);
      if (why !== undefined) found.push(`${page}: ${line.trim()}: ${why}`);
    }
  assert.ok(count > 100, String(count));
  assert.deepEqual(found, []);
});

test('contents of long pages are what is in them (npm run docs)', () => {
  for (const page of pages) if (hasContents(read(page))) assert.equal(read(page), writeContents(read(page)), page);
});

test('anchors are made as GitHub makes them', () => {
  assert.equal(anchorOf('When X, do Y'), 'when-x-do-y');
  assert.equal(anchorOf('Signing and encrypting messages (S/MIME)'), 'signing-and-encrypting-messages-smime');
});
