/**
 * Nobody is sent to a place that is not there: links of pages, and pages that texts, comments,
 * alarms, units and examples name.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { factsOf, leavesOf } from '../../src/cli/command-tree.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { writeTemplate } from '../../src/config/template.ts';
import { anchorOf, headingsOf } from '../../src/pages/contents.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const below = (folder: string, ends: RegExp): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => ends.test(name));

const pages = [...readdirSync(root).filter((name) => name.endsWith('.md')), ...below('docs', /\.md$/)];

const anchors = new Map<string, ReadonlySet<string>>();
/** Of a page: a heading that comes again gets a number. */
function anchorsOf(page: string): ReadonlySet<string> {
  const made = new Set<string>();
  for (const { text } of headingsOf(read(page))) {
    const anchor = anchorOf(text);
    let [one, n] = [anchor, 0];
    while (made.has(one)) one = `${anchor}-${(n += 1)}`;
    made.add(one);
  }
  anchors.set(page, made);
  return made;
}
const leads = (page: string, anchor: string | undefined): boolean =>
  existsSync(join(root, page)) && (anchor === undefined || (anchors.get(page) ?? anchorsOf(page)).has(anchor));

/** What is neither in a fenced block nor in code. */
const proseOf = (page: string): string => page.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '``');

test('every link of a page leads somewhere, also inside the page', () => {
  let count = 0;
  const broken: string[] = [];
  for (const page of pages)
    for (const [, target = ''] of proseOf(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(?:https?|mailto):/.test(target)) continue;
      count += 1;
      const [file = '', anchor] = target.split('#');
      if (!leads(file === '' ? page : join(page, '..', file), anchor)) broken.push(`${page}: ${target}`);
    }
  assert.ok(pages.length > 200 && count > 800, `${count} links on ${pages.length} pages`);
  assert.deepEqual(broken, []);
});

test('every page and chapter that code, alarms, units and examples name is there', () => {
  const files = [
    ...[...below('src', /\.(?:ts|sql)$/), ...below('scripts', /\.(?:mjs|js|sh)$/), ...below('test', /\.ts$/)],
    ...[...below('bench', /\.ts$/), ...below('docs', /\.(?:yml|json|service|cfg|conf|env|toml)$/)],
    ...['.ci/run', 'docs/container/Containerfile', 'scripts/package/debian/postinst'],
  ];
  let count = 0;
  const broken: string[] = [];
  // `docs/run.md`, `docs/commands.md#trace`, `docs/signals.md, "Exit codes"`.
  const named = /\bdocs\/([a-z0-9/-]+\.md)(?:#([a-z0-9-]+)|, \\?"([^"\\]+)\\?")?/g;
  for (const file of files)
    for (const [whole, page = '', anchor, heading] of read(file).matchAll(named)) {
      count += 1;
      const at = anchor ?? (heading === undefined ? undefined : anchorOf(heading));
      if (!leads(`docs/${page}`, at)) broken.push(`${file}: ${whole}`);
    }
  assert.ok(count > 150, String(count));
  assert.deepEqual(broken, []);
});

/** Of a text that is written by the program: each `More: PAGE`. */
const moreIn = (text: string): readonly string[] =>
  [...text.matchAll(/^(?:# )?More: (\S+)$/gm)].map(([, at = '']) => at);
const leadsAway = (at: string): boolean => {
  const [page = '', anchor] = at.split('#');
  return leads(page, anchor);
};

test('the help of every command and group names its section of docs/commands.md', async () => {
  const program = await buildProgram({ out: () => undefined, err: () => undefined, code: 0 });
  const helps = new Map<string, string>();
  const walk = (command: Command, words: readonly string[]): void => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    helps.set(words.join(' '), help);
    for (const one of command.commands) walk(one, [...words, one.name()]);
  };
  for (const one of program.commands) walk(one, [one.name()]);
  const leaves = leavesOf(factsOf(program)).map(({ words }) => words.join(' '));
  assert.ok(leaves.length > 150, String(leaves.length));
  for (const name of leaves)
    assert.deepEqual(moreIn(helps.get(name) ?? ''), [`docs/commands.md#${name.replaceAll(' ', '-')}`], name);
  for (const [name, help] of helps) {
    const [more = '', ...others] = moreIn(help);
    assert.ok(leadsAway(more) && others.length === 0, `${name}: ${more}`);
  }
});

test('the configuration that sluis init writes names the sections of docs/configuration.md that say more', () => {
  const named = moreIn(writeTemplate({ values: {}, listeners: [] }));
  for (const section of ['control', 'setup', 'consoleoidc', 'scan'])
    assert.ok(named.includes(`docs/configuration.md#${section}`), section);
  assert.deepEqual(
    named.filter((at) => !leadsAway(at)),
    [],
  );
});
