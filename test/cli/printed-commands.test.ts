/**
 * What the gateway tells people to type must be there to be typed: commands and options that code
 * and documents name.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const program = await buildProgram({ out: () => undefined, err: () => undefined, code: 0 });

/** From a quote, a line's beginning or a sentence to where the quote or line ends. */
const PRINTED = /(?:^|["`'] *|: |, or |, then |(?:npx|\$) )sluis ((?:[a-z][a-z-]*)(?=[ "`'])[^"`'\n]*)/gm;

/**
 * "sluis key share 1": what is signed or derived begins with a name and a version; in JSON within
 * JSON backslashes stand behind it.
 */
const LABEL = /^[a-z -]+ [12](?:\\n|\\+)?$/;
const LABELS = [join('src', 'crypto'), join('src', 'store')];

/** What is wrong with a command as it is printed. */
function fault(printed: string): string | undefined {
  // What follows "&&" is another program's.
  const [own = ''] = printed.split(' && ');
  const words = own.replace(/\$\{[^}]*\}/g, 'X').split(/[ \]|,;]+/);
  let command: Command = program;
  for (const word of words) {
    if (command.commands.length === 0 || !/^[a-z][a-z-]*$/.test(word)) break;
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) return command.name() === 'sluis' || word !== 'help' ? `"${word}"` : undefined;
    command = next;
  }
  if (command.commands.length > 0) return undefined;
  const known = new Set(command.options.map(({ long }) => long));
  for (const word of words) {
    const [, option] = /^\[?(--[a-z][a-z0-9-]*)/.exec(word) ?? [];
    if (option !== undefined && option !== '--help' && !known.has(option)) return option;
  }
  return undefined;
}

const files = (folder: string, end: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name));

test('every command that code or documents print exists, with the options that they give it', () => {
  const faults: string[] = [];
  let seen = 0;
  const sources = files('src', '.ts').filter((file) => !LABELS.some((folder) => file.startsWith(folder)));
  for (const file of [
    ...sources,
    ...files('docs', '.md'),
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'ROADMAP.md',
    'CHANGELOG.md',
  ])
    for (const [, found = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(PRINTED))
      for (const printed of found.split(/\bsluis /)) {
        if (LABEL.test(printed)) continue;
        seen += 1;
        const wrong = fault(printed);
        if (wrong !== undefined) faults.push(`${file}: ${wrong} in "sluis ${printed}"`);
      }
  assert.deepEqual(faults, []);
  assert.ok(seen > 200, `only ${seen} were found`);
});

test('a command or option that does not exist is found', () => {
  assert.equal(fault('cert enrol LOGIN --for login'), '"enrol"');
  assert.equal(fault('account show LOGIN --everything'), '--everything');
  assert.equal(fault('account show LOGIN --all'), undefined);
  assert.equal(fault('account show LOGIN --all && systemctl enable --now sluis'), undefined);
});
