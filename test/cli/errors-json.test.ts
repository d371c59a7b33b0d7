/**
 * With `--json` an error is an object in the last line of standard error, whatever went wrong; the
 * exit code is the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { sluis, sluisHere } from '../support/command-line.ts';
import { commandScene } from '../support/command-scene.ts';
import { loginOf } from '../support/gateway.ts';
import { leaves, takesJson } from './frozen/tree.ts';

interface Told {
  readonly error: { readonly kind: string; readonly code: number; readonly message: string };
}
const told = (stderr: string): Told['error'] => (JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as Told).error;

/** Both ways end with the same code, and what a person reads is the message of the object. */
async function compared(args: readonly string[], code: number): Promise<string> {
  const [text, json] = [await sluisHere(args), await sluisHere([...args, '--json'])];
  assert.equal(text.code, code, text.stderr);
  assert.equal(json.code, code, json.stderr);
  assert.equal(json.stdout, '');
  const { message, ...rest } = told(json.stderr);
  assert.deepEqual(rest, { kind: Object.entries(exitCodes).find(([, of]) => of === code)?.[0], code });
  assert.notEqual(message, '');
  return message;
}

test('what the gateway refuses', async (t) => {
  const { gateway } = await commandScene(t, { accounts: ['anna'] });
  const config = ['--config', gateway.config.file];
  const message = await compared(['account', 'show', 'nobody@noord.example', ...config], exitCodes.unknown);
  assert.equal(`${message}\n`, (await sluisHere(['account', 'show', 'nobody@noord.example', ...config])).stderr);
  await compared(
    ['account', 'add', loginOf('anna').login, '--organisation', 'x', '--no-password', ...config],
    exitCodes.conflict,
  );
  await compared(['account', 'set', 'anna', 'quota=much', ...config], exitCodes.usage);
});

test('what the command line refuses, also where commander cannot read it', async () => {
  assert.equal(await compared(['account', 'lits'], exitCodes.usage), "unknown command 'lits' (Did you mean list?)");
  assert.equal(await compared(['account', 'show'], exitCodes.usage), "missing required argument 'login'");
  assert.equal(await compared(['account', 'list', '--limt', '4'], exitCodes.usage), "unknown option '--limt'");
  assert.match(
    await compared(['address', 'end', 'a@b.nl', '--grace', 'long'], exitCodes.usage),
    /expected a number of days/,
  );
  assert.match(
    await compared(['account', 'list', '--config', '/nowhere/sluis.toml'], exitCodes.configuration),
    /nowhere/,
  );
});

test('every command that has --json tells an error so', async () => {
  for (const { path } of leaves.filter(takesJson)) {
    const { code, stdout, stderr } = await sluisHere([...path.split(' '), '--json', '--no-such-option']);
    assert.equal(code, exitCodes.usage, path);
    assert.equal(stdout, '', path);
    assert.match(told(stderr).message, /^unknown option '--no-such-option'$|^required option /, path);
  }
});

test('a word behind -- is no option', async () => {
  const { stderr } = await sluisHere(['account', 'show', '--config', '/nowhere/sluis.toml', '--', '--json']);
  assert.throws(() => told(stderr), SyntaxError);
});

test('in a process of its own', async () => {
  const { code, stderr } = await sluis(['account', 'list', '--json', '--config', '/nowhere/sluis.toml']);
  assert.equal(code, exitCodes.configuration);
  assert.equal(told(stderr).kind, 'configuration');
});
