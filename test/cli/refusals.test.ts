/**
 * The table of exit codes holds for every command: a file that is not there is a value that is
 * wrong (2), and a name that nobody has is unknown (3), also as the filter of a list. Walked over
 * the commands, so that a new one is asked too.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Command, Option } from 'commander';
import { sluisHere } from '../support/command-line.ts';
import { addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { leaves } from './frozen/tree.ts';

const MISSING = '/nowhere/file';
/** Written, and not read; a place; or what a command has from elsewhere. */
const NOT_READ = ['config', 'out', 'operator-key', 'statement', 'export', 'password-out', 'csv', 'bundle', 'letter'];
const FILE = /^(?:file|pem|path)$/;

/**
 * What stands in a place or behind an option, by its word: what there is in the gateway of the
 * test.
 */
const THERE: Readonly<Record<string, string>> = {
  login: loginOf('anna').login,
  logins: loginOf('anna').login,
  account: loginOf('anna').login,
  organisation: 'group',
  address: addressOf('anna'),
  addresses: addressOf('anna'),
};

const wordOf = ({ flags }: Option): string => /[<[]([a-z-]+)/.exec(flags)?.[1] ?? '';

/** The command with what it must have. `own` stands for the argument or option that is tried. */
function lineOf(command: Command, own: { readonly place?: number; readonly options?: readonly string[] }): string[] {
  const places = command.registeredArguments.flatMap((argument, n) => {
    if (n === own.place) return [MISSING];
    return argument.required ? [FILE.test(argument.name()) ? MISSING : (THERE[argument.name()] ?? 'x')] : [];
  });
  const musts = command.options
    .filter(({ mandatory, long }) => mandatory && !(own.options ?? []).includes(long ?? ''))
    .flatMap((option) => [
      option.long ?? '',
      FILE.test(wordOf(option)) ? MISSING : (THERE[wordOf(option)] ?? '2026-10'),
    ]);
  const sure = command.options.flatMap(({ long }) =>
    long === '--yes' ? ['--yes'] : long === '--reason' ? ['--reason', 'why'] : [],
  );
  return [...places, ...musts, ...(own.options ?? []), ...sure];
}

/** Refused for something else, or done, before anybody asks for the file. */
const NOT_REACHED: Readonly<Record<string, string>> = {
  'audit verify --timestamp-authority': 'there is no time stamp that it would be asked for',
  'audit verify --anchor-key': 'there is no anchor that it would be asked for',
  'approve --key': 'without a request it lists those that wait',
  'approve --passphrase-file': 'without a request it lists those that wait',
  'restore --anchors': 'there is a store already, and nothing else is looked at',
  'ca renew-issuer --root-password-file': 'there is no authority yet',
  'ca renew-root --root-password-file': 'there is no authority yet',
};

interface Tried {
  readonly path: string;
  readonly line: readonly string[];
}
const tried: readonly Tried[] = leaves.flatMap(({ path, command }) => [
  ...command.registeredArguments.flatMap((argument, place) =>
    FILE.test(argument.name()) ? [{ path, line: lineOf(command, { place }) }] : [],
  ),
  ...command.options
    .filter((option) => !option.hidden && FILE.test(wordOf(option)) && !NOT_READ.includes(option.name()))
    .filter(({ long }) => NOT_REACHED[`${path} ${long ?? ''}`] === undefined)
    .map((option) => ({ path, line: lineOf(command, { options: [option.long ?? '', MISSING] }) })),
]);

async function open(t: TestContext): Promise<string> {
  process.env.SUDO_USER = 'beheer';
  const gateway = await startTestGateway({ accounts: ['anna'] });
  t.after(() => gateway.remove());
  return gateway.config.file;
}

test('a file that is not there is refused with 2 by every command that reads one', async (t) => {
  const config = await open(t);
  assert(tried.length > 30, String(tried.length));
  const other: string[] = [];
  for (const { path, line } of tried) {
    const { code, stderr } = await sluisHere([...path.split(' '), ...line, '--config', config]);
    if (code !== 2) other.push(`${code}: ${path} ${line.join(' ')}: ${stderr.slice(0, 200)}`);
  }
  assert.deepEqual(other, []);
});

/** Names that nobody has, by the word that stands for them. */
const UNKNOWN: Readonly<Record<string, string>> = {
  login: 'nobody@noord.example',
  account: 'nobody@noord.example',
  organisation: 'nobody-here',
  address: 'nobody@noord.example',
  partner: 'nobody-here',
};

test('a name that nobody has is unknown, also as a filter', async (t) => {
  const config = await open(t);
  const other: string[] = [];
  let asked = 0;
  for (const { path, command } of leaves) {
    const [verb = ''] = path.split(' ').slice(-1);
    if (!['list', 'show'].includes(verb)) continue;
    const lines = [
      ...command.registeredArguments.flatMap((argument) => UNKNOWN[argument.name()] ?? []).map((name) => [name]),
      ...command.options
        .filter((option) => !option.hidden)
        .flatMap((option) => {
          const unknown = UNKNOWN[wordOf(option)] ?? (wordOf(option) === 'name' ? UNKNOWN[option.name()] : undefined);
          return unknown === undefined ? [] : [[option.long ?? '', unknown]];
        }),
    ];
    for (const line of lines) {
      asked += 1;
      const { code, stdout, stderr } = await sluisHere([...path.split(' '), ...line, '--config', config]);
      if (code !== 3) other.push(`${code}: ${path} ${line.join(' ')}: ${(stdout + stderr).slice(0, 120)}`);
    }
  }
  assert(asked > 15, String(asked));
  assert.deepEqual(other, []);
});
