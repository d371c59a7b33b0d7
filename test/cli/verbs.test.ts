/** What is offered to somebody who mistypes a command: never one that changes something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.ts';
import { sluisHere } from '../support/command-line.ts';

const offered = async (...args: string[]): Promise<string | undefined> => {
  const ran = await sluisHere(args);
  // 5: one without a name of its own took the word for an argument, and found no configuration.
  assert([2, 5].includes(ran.code ?? 0), ran.stderr);
  return /Did you mean ([^)]*)\?/.exec(ran.stderr)?.[1];
};

test('a word that is spelled like a command that reads is answered with it', async () => {
  assert.equal(await offered('account', 'shwo'), 'show');
  assert.equal(await offered('acount'), 'account');
  assert.equal(await offered('audit', 'lst'), undefined, 'audit list writes a row and takes a reason');
});

test('no word is answered with a command that changes something, whatever is typed', async () => {
  assert.equal(await offered('account', 'delete'), undefined);
  assert.equal(await offered('mailbox', 'remove'), undefined);
  assert.equal(await offered('organisation', 'remove'), undefined);
  const changing: string[][] = [];
  const walk = (command: Command, path: readonly string[]): void => {
    for (const one of command.commands) {
      const at = [...path, one.name()];
      if (one.options.some(({ long }) => long === '--reason')) changing.push(at);
      walk(one, at);
    }
  };
  walk(await buildProgram({ out: () => undefined, err: () => undefined, code: 0 }), []);
  assert(changing.length > 60, `only ${changing.length}`);
  for (const path of changing) {
    const [verb = ''] = path.slice(-1);
    // One letter less than each of them: nothing is spelled more alike.
    const near = await offered(...path.slice(0, -1), `${verb.slice(0, -1)}~`, '--config', '/nowhere/sluis.toml');
    const names = changing.filter((other) => other.slice(0, -1).join(' ') === path.slice(0, -1).join(' '));
    assert(!names.some((other) => other.at(-1) === near), `"${path.join(' ')}" is offered`);
  }
});
