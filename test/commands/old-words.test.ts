/**
 * Whatever was typed in the version before is taken in this one, does the same, and is told to be
 * old where it is.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { addRows } from '../../src/cli/subject.ts';
import { nameOf } from '../../src/commands/core/params.ts';
import { type AnyRow, changesHere } from '../../src/commands/core/row.ts';
import { type Rows, subject } from '../../src/commands/core/subject.ts';
import type { Placed } from '../../src/commands/core/walk.ts';
import { placed } from '../../src/cli/placed.ts';
import { leafOf, leaves } from '../cli/frozen/tree.ts';
import { wordsOf } from './scene/scene.ts';

const golden = join(import.meta.dirname, '..', '..', 'test', 'golden');
/**
 * Words, arguments and options of the version before: `sluis account list --organisation <name>`,
 * and `backup means take`.
 */
const before = readFileSync(join(golden, 'words-before.txt'), 'utf8').trimEnd().split('\n');

/** What is taken no more, and why. */
const GONE: Readonly<Record<string, string>> = {};

interface Parts {
  readonly path: string;
  /** In their order, such as `<login>` and `[settings...]`. */
  readonly taken: readonly string[];
  /** True: with a value. */
  readonly options: ReadonlyMap<string, boolean>;
}

const partsOf = (line: string): Parts => {
  const [, path = ''] = /^sluis ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)/.exec(line) ?? [];
  const taken = line.split(' --')[0]?.match(/[<[][^\s]+[>\]]/g) ?? [];
  const options = [...line.matchAll(/(--[a-z0-9-]+)( [<[])?/g)];
  return { path, taken, options: new Map(options.map(([, name = '', value]) => [name, value !== undefined])) };
};

test('every command and option of the version before is there, by the same word', () => {
  const missing = before.flatMap((line) => {
    if (!line.startsWith('sluis ')) return [];
    const { path, taken, options } = partsOf(line);
    const now = leaves.find((leaf) => leaf.path === path)?.command;
    if (now === undefined) return [path];
    const [least, most] = [taken.filter((one) => one.startsWith('<')).length, taken.length];
    const own = now.registeredArguments;
    const fits = own.filter(({ required }) => required).length <= least && own.length >= most;
    const lost = [...options].flatMap(([name, takesValue]) => {
      const found = now.options.find(({ long }) => long === name);
      return found !== undefined && takesValue === (found.required || found.optional) ? [] : [`${path} ${name}`];
    });
    return [...(fits ? [] : [`${path} ${taken.join(' ')}`]), ...lost];
  });
  assert.deepEqual(
    missing.filter((one) => GONE[one] === undefined),
    [],
  );
});

test('a group that did something by its name alone does so', () => {
  for (const line of before.filter((one) => one.includes(' means '))) {
    const [group = '', verb = ''] = line.split(' means ');
    const meant = leafOf([...group.split(' ')])?.path;
    const now = leaves.find(({ path }) => path === meant)?.command;
    assert.ok(meant !== undefined && now !== undefined, line);
    // The verb may have another name by now.
    const old = leaves.find(({ path }) => path === `${group} ${verb}`)?.command;
    assert.equal(old?.description(), now.description(), line);
  }
});

interface Old {
  readonly words: readonly string[];
  readonly row: AnyRow;
  /** The whole of what is typed: the old way, and the new. */
  readonly typed: readonly [was: readonly string[], now: readonly string[]];
}

/**
 * A value of an option that has an old name, by the word of its kind; else the first of its
 * choices.
 */
const VALUES: Readonly<Record<string, string>> = {
  moment: '2026-11-01',
  date: '2030-11-01',
  day: '2030-11-01',
  address: 'lab@huisarts.example',
  login: 'huisarts',
  days: '7d',
  identity: '500123456:ZZ',
  number: '3',
  ip: '127.0.0.2',
};

function oldWords(all: readonly Placed[]): readonly Old[] {
  return all.flatMap(({ words, row }): readonly Old[] => {
    // What is said of the answer, and the question that `caught` does not ask.
    const given = wordsOf(row.examples[0]).filter((word) => !['--json', '--csv', '--yes'].includes(word));
    const group = words.slice(0, -1);
    const verbs = (row.was ?? []).map((was): Old => ({
      words,
      row,
      typed: [
        [...group, was, ...given],
        [...words, ...given],
      ],
    }));
    const options = Object.entries(row.in).flatMap(([key, { was = [], kind, as }]) =>
      was.map((old): Old => {
        const dash = as === 'no' ? '--no-' : '--';
        const value = kind === undefined ? [] : [kind.choices?.[0] ?? VALUES[kind.word] ?? 'x'];
        const at = given.indexOf(`--${nameOf(key)}`);
        const rest = at < 0 ? given : [...given.slice(0, at), ...given.slice(at + (kind === undefined ? 1 : 2))];
        const line = (name: string): string[] => [...words, ...rest, `${dash}${name}`, ...value];
        return { words, row, typed: [line(old), line(nameOf(key))] };
      }),
    );
    return [...verbs, ...options];
  });
}

/** What the row would be run with, and what stands on standard error. */
async function readBy(
  { words, row }: Old,
  typed: readonly string[],
): Promise<{ readonly got: unknown; readonly err: string }> {
  let got: unknown;
  let err = '';
  const terminal = { out: () => undefined, err: (text: string) => void (err += text), input: '', code: 0 };
  const caught = changesHere({
    about: row.about,
    in: row.in,
    out: row.out,
    right: row.right,
    examples: row.examples,
    ...(row.was !== undefined && { was: row.was }),
    trail: [],
    run: (_, values) => Promise.resolve((got = values)),
    say: () => '',
  });
  const program = new Command('sluis').configureOutput({ writeErr: terminal.err });
  const verb = words.at(-1) ?? '';
  const group = words
    .slice(0, -1)
    .reduceRight((rows: Rows, name) => ({ [name]: subject(name, name, rows) }), { [verb]: caught });
  addRows(terminal, program, subject('sluis', '', group));
  const guard = (command: Command): void => {
    command.exitOverride();
    command.commands.forEach(guard);
  };
  guard(program);
  await program.parseAsync(typed, { from: 'user' }).catch((error: unknown) => (err += String(error)));
  return { got, err };
}

for (const old of oldWords(await placed()))
  test(`sluis ${old.typed[0].join(' ')}`, async () => {
    const [was, now] = [await readBy(old, old.typed[0]), await readBy(old, old.typed[1])];
    assert.notEqual(now.got, undefined, now.err);
    assert.deepEqual(was.got, now.got, was.err);
    // One line more than the new word has.
    assert.match(was.err.replace(now.err, ''), /^"[^"\n]+" is written "[^"\n]+" now; [^\n]+\n$/);
    assert.doesNotMatch(now.err, /is written/);
  });
