/**
 * Every command is run in a scene, and its words, options and arguments are those that scripts
 * know.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GOLDEN } from './frozen.ts';
import { type Leaf, defaults, flagsOf, isOld, leaves, takesReason } from './tree.ts';
import { type Plain, readable } from './words.ts';

/** Not run to their success, and why. */
const UNFIT: Readonly<Record<string, string>> = {
  'site alone': 'on one machine it is refused: test/cli/site has an engine with sites',
  'drill site': 'on one machine it is refused: test/cli/site has an engine with sites',
  'store move': 'it needs servers of PostgreSQL: test/postgres/store-move and test/peers/store-move',
  serve: 'it continues until a signal: test/cli/commands starts it; here it is refused beside another one',
  completion: 'what it prints is the whole tree once more: test/cli/completion reads it with a shell',
  dev: 'it makes a whole gateway and continues until a signal: test/cli/dev',
  sandbox: 'it makes a whole gateway and waits for a program: test/peers/sandbox',
};
/**
 * Nothing that they take can be refused, and nothing that they ask of the gateway fails in a scene.
 */
const NEVER_REFUSED = ['reload', 'drain', 'account observed', 'account enforce', 'audit anchor'];

const FLAGS = join(GOLDEN, 'flags.json');

interface Frozen {
  readonly command: string;
  readonly run: string;
  readonly code: number;
}

const runs = readdirSync(GOLDEN)
  .filter((name) => name.endsWith('.json') && name !== 'flags.json')
  .flatMap((name) => JSON.parse(readFileSync(join(GOLDEN, name), 'utf8')) as readonly Frozen[]);
const without = (which: (leaf: Leaf) => boolean, code: (code: number) => boolean): string[] =>
  leaves
    .filter((leaf) => which(leaf) && !isOld(leaf) && !runs.some((run) => run.command === leaf.path && code(run.code)))
    .map(({ path }) => path);

test('every command is run, and succeeds, in a scene', () => {
  const missing = without(
    ({ path }) => UNFIT[path] === undefined,
    (code) => code === 0,
  );
  assert.deepEqual(missing, [], 'run each of these to its success in a scene beside this file, then "npm run goldens"');
  for (const path of Object.keys(UNFIT))
    assert(
      leaves.some((leaf) => leaf.path === path),
      path,
    );
});

test('every command that changes something is refused once', () => {
  assert.deepEqual(
    without(takesReason, (code) => code !== 0).filter((path) => !NEVER_REFUSED.includes(path)),
    [],
    'run each of these in a scene beside this file where it is refused as well, with `code`; or name it in NEVER_REFUSED',
  );
});

test('words, options and arguments of every command are those of the golden file', () => {
  const flags: Record<string, Plain> = {
    'run by the name of their group': defaults(),
    ...Object.fromEntries(leaves.map((leaf) => [leaf.path, flagsOf(leaf)])),
  };
  if (process.env.WRITE_GOLDEN === '1') writeFileSync(FLAGS, `${readable(flags)}\n`);
  assert.equal(`${readable(flags)}\n`, readFileSync(FLAGS, 'utf8'));
});
