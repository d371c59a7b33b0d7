/**
 * What comes of a row: words of the command line and their reading, old words, operations and what
 * they refuse.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import type { AdminContext } from '../../src/admin/context.ts';
import type { Call } from '../../src/admin/call.ts';
import { AdminError } from '../../src/admin/error.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { addSubject } from '../../src/cli/subject.ts';
import { newestOf } from '../../src/cli/subject-run.ts';
import { once } from '../../src/cli/upload.ts';
import { address, login } from '../../src/commands/core/kinds.ts';
import { choice, count, text } from '../../src/commands/core/kind.ts';
import { pem } from '../../src/commands/core/files.ts';
import { days, since, until } from '../../src/commands/core/moments.ts';
import { recordsOf } from '../../src/commands/core/csv.ts';
import { password as newPassword } from '../../src/commands/core/secret.ts';
import { operationsOf } from '../../src/commands/core/operations.ts';
import { type Values, arg, flag, many, maybe, need, no, old, opt, rest } from '../../src/commands/core/params.ts';
import { changes, changesHere, reads, readsHere } from '../../src/commands/core/row.ts';
import { operationName, subject } from '../../src/commands/core/subject.ts';
import { z } from '../../src/config/zod.ts';
import { defined } from '../../src/domain/defined.ts';
import { instant } from '../../src/domain/units.ts';

const said = { out: z.unknown(), right: 'registry', examples: ['x'], trail: [], undo: 'the same' } as const;

const IN = {
  login: arg(login, 'whose'),
  rest: rest(address, 'where'),
  kind: opt(choice('kind', ['edi', 'mail']), 'which', 'mail'),
  limit: opt(count('number', { max: 9 }), 'how many'),
  named: many(text('name'), 'names'),
  since: old(opt(since, 'from when'), 'from'),
  until: opt(until, 'until when'),
  grace: opt(days(90), 'how long'),
  key: opt(pem(), 'a key'),
  all: flag('everything'),
  password: no('none'),
};

/**
 * What a row got that was called with these words, and what stood on standard error; or why it did
 * not come to that.
 */
async function givenBy(words: readonly string[], input = ''): Promise<{ got?: Values<typeof IN>; err: string }> {
  let got: Values<typeof IN> | undefined;
  let err = '';
  const terminal = { out: () => undefined, err: (one: string) => void (err += one), input, code: 0 };
  const take = changesHere({
    ...said,
    about: 'take it',
    in: IN,
    was: ['grab'],
    check: ({ all, limit }) => (all && limit !== undefined ? 'Cannot take all and some; leave one out' : undefined),
    run: (_, values) => Promise.resolve((got = values)),
    say: () => '',
  });
  const program = new Command('sluis').exitOverride().configureOutput({ writeErr: terminal.err });
  addSubject(terminal, program, subject('thing', 'things', { inner: subject('inner', 'more', { take }) }));
  program.commands.forEach((group) =>
    group.commands.forEach((inner) => inner.commands.forEach((c) => c.exitOverride())),
  );
  try {
    await program.parseAsync(['thing', 'inner', ...words], { from: 'user' });
  } catch (error) {
    err += String(error);
  }
  return { ...(got !== undefined && { got }), err };
}

test('words are read as their kinds say, and what is not given is what the row says', async () => {
  const { got, err } = await givenBy(['take', 'anna', 'a@b.example', 'c@d.example', '--named', 'x', '--named', 'y']);
  assert.equal(err, '');
  assert.deepEqual(got, {
    ...{ login: 'anna', rest: ['a@b.example', 'c@d.example'], kind: 'mail', limit: undefined, named: ['x', 'y'] },
    ...{ since: undefined, until: undefined, grace: undefined, key: undefined, all: false, password: true },
  });
  const more = ['--kind', 'edi', '--limit', '3', '--grace', '60d', '--all', '--no-password'];
  const { got: other, err: refused } = await givenBy(['take', 'ANNA', ...more]);
  assert.match(refused, /Cannot take all and some; leave one out/);
  assert.equal(other, undefined);
  const { got: third } = await givenBy(['take', 'ANNA', ...more.filter((word) => word !== '--all')]);
  assert.deepEqual(
    [third?.login, third?.kind, third?.limit, third?.grace, third?.password],
    ['anna', 'edi', 3, 60, false],
  );
});

test('a word that is not what is expected is refused with the expectation', async () => {
  for (const [words, expected] of [
    [['take', 'anna', '--limit', '10'], /expected a whole number from 0 to 9/],
    [['take', 'anna', '--limit', 'many'], /expected a whole number from 0 to 9/],
    [['take', 'anna', '--kind', 'fax'], /expected edi or mail/],
    [['take', 'anna', 'nowhere'], /expected an address such as name@example.nl/],
    [['take', 'anna', '--grace', '2h'], /expected a number of days up to 90/],
    [['take', 'anna', '--grace', '91d'], /Cannot use 91 as grace: expected a number of days up to 90, such as 60d/],
    [['take', 'anna', '--since', 'soon'], /expected a day such as/],
    [['take'], /missing required argument 'login'/],
  ] as const) {
    const { got, err } = await givenBy(words);
    assert.match(err, expected, words.join(' '));
    assert.equal(got, undefined);
  }
});

test('times are a day, yesterday, a length before now, or a moment with its zone; a day is seen to its end', async () => {
  const at = async (...words: string[]): Promise<Values<typeof IN>> => {
    const { got, err } = await givenBy(['take', 'anna', ...words]);
    return got ?? assert.fail(err);
  };
  const day = await at('--since', '2027-03-28', '--until', '2027-03-28');
  assert.deepEqual(
    [day.since, day.until].map((one) => new Date(one ?? 0).toISOString()),
    ['2027-03-27T23:00:00.000Z', '2027-03-28T21:59:59.999Z'],
  );
  assert.equal((await at('--since', '2027-12-31T12:00:00+01:00')).since, instant(Date.UTC(2027, 11, 31, 11)));
  const before = Date.now();
  const ago = (await at('--since', '2h')).since ?? 0;
  assert(ago >= before - 7_200_000 && ago <= Date.now() - 7_200_000, String(ago));
  const { since: one } = await at('--since', '1d');
  assert.equal(one, (await at('--since', 'yesterday')).since);
});

test('an old word does the same, and is told on standard error', async () => {
  const { got, err } = await givenBy(['grab', 'anna', '--from', '2027-01-02']);
  assert.equal(got?.since, instant(Date.UTC(2027, 0, 1, 23)));
  assert.match(err, /^"sluis thing inner grab" is written "sluis thing inner take" now/);
  assert.match(err, /"--from" is written "--since" now/);
});

test('a file is read where the command runs, and its content is in no refusal', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-rows-'));
  try {
    writeFileSync(join(folder, 'key.pem'), 'SECRET'.repeat(20_000));
    const { err } = await givenBy(['take', 'anna', '--key', join(folder, 'key.pem')]);
    assert.match(err, /Cannot use that as key: expected PEM of at most 64KiB/);
    assert(!err.includes('SECRET'));
    assert.equal(
      (await givenBy(['take', 'anna', '--key', '-'], 'PEM of standard input')).got?.key,
      'PEM of standard input',
    );
    assert.match((await givenBy(['take', 'anna', '--key', join(folder, 'no')])).err, /Cannot read .*ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

const answered = { run: () => Promise.resolve('done'), say: () => '' };
const things = subject(
  'thing',
  'things',
  {
    show: reads({
      ...said,
      ...answered,
      about: 'show',
      in: { login: arg(login, 'whose'), note: opt(text('note'), 'why') },
    }),
    erase: changes({
      ...said,
      ...answered,
      about: 'erase',
      in: { login: maybe(login, 'whose'), dryRun: flag('look'), ids: rest(count('n', { max: 5 }), 'which') },
      second: 'erase',
      isLook: ({ dryRun }) => dryRun,
      confirm: { name: () => 'x', what: () => 'erase x' },
    }),
    write: readsHere({
      ...said,
      about: 'write',
      in: { file: need(text('file'), 'where') },
      run: answered.run,
      say: answered.say,
    }),
    inner: subject('inner', 'more', { 'add-one': changes({ ...said, ...answered, about: 'add', in: {} }) }),
  },
  {
    parts: {
      both: changes({
        ...said,
        about: 'a file that two sign for',
        in: {},
        second: 'erase',
        upload: { about: 'a list' },
        run: async (_, __, { upload }) => (upload === undefined ? 'none' : await textOf(upload)),
        say: () => '',
      }),
      read: reads({ ...said, ...answered, about: 'read', in: {}, upload: { about: 'a list', needed: true } }),
    },
  },
);

test('operations have the names of their rows, also those in a group; what runs here is none', () => {
  const operations = operationsOf(things);
  assert.deepEqual(Object.keys(operations), [
    'thing.show',
    'thing.erase',
    'thing.inner.add-one',
    'thing.both',
    'thing.read',
  ]);
  assert.equal(operationName(things.rows.inner.rows['add-one']), 'thing.inner.add-one');
  assert.equal(operations['thing.inner.add-one'].changes, true);
  assert.equal(operations['thing.show'].changes, false);
  // Whom a call was about is told by the kind; a text is not.
  assert.deepEqual(operations['thing.show'].names, ['login']);
});

test('an operation refuses what its row does not take, and needs a reason and a second person where the row says so', async () => {
  const erase = operationsOf(things)['thing.erase'];
  assert.deepEqual([erase.needsSecond, erase.needsReason], ['erase', true]);
  assert.equal(erase.isLook?.(erase.read({ 'dry-run': true })), true);
  assert.equal(erase.isLook(erase.read({})), false);
  assert.deepEqual(erase.read({ login: null, ids: [1, 5] }), { login: undefined, dryRun: false, ids: [1, 5] });
  for (const [input, why] of [
    [{ 'dry-run': 'yes' }, /Cannot use "yes" as dry-run: expected true or false/],
    [{ ids: 3 }, /Cannot use 3 as ids: expected a list of at most 1000/],
    [{ ids: [1, 6] }, /Cannot use 6 as ids: expected a whole number from 0 to 5/],
    [{ ids: Array.from({ length: 1001 }, () => 1) }, /a list of at most 1000/],
    [{ login: 'a b' }, /Cannot use "a b" as login/],
  ] as const)
    assert.throws(
      () => erase.read(input),
      (error) => error instanceof AdminError && why.test(error.message),
    );
  const read = operationsOf(things)['thing.read'];
  const call = { actor: { name: 'anna' }, who: OWNER_SAID, progress: () => undefined } satisfies Call;
  assert.throws(() => void read.run({} as AdminContext, read.read({}), call), /Cannot do it without a file: a list/);
});

test('where two sign, the file that comes along is the one whose SHA-256 they signed, and it must come', async () => {
  const both = operationsOf(things)['thing.both'];
  const run = async (input: object, text?: string, secondPerson: readonly string[] = ['erase']): Promise<unknown> => {
    const upload = async function* (): AsyncGenerator<string> {
      yield* text ?? '';
    };
    const call = { actor: { name: 'anna' }, who: OWNER_SAID, progress: () => undefined };
    const context = { secondPerson } as unknown as AdminContext;
    return await both.run(context, both.read({ ...input }), text === undefined ? call : { ...call, upload: upload() });
  };
  const sha256 = createHash('sha256').update('a,b').digest('hex');
  assert.equal(await run({ sha256 }, 'a,b'), 'a,b');
  assert.equal(await run({}), 'none');
  assert.equal(await run({}, 'a,b', []), 'a,b');
  const other = /Cannot use the file: it is not the one that the call names/;
  await assert.rejects(run({ sha256 }, 'a,c'), other);
  await assert.rejects(run({ sha256 }, 'a,c', []), other);
  await assert.rejects(run({}, 'a,b'), other);
  await assert.rejects(run({ sha256 }), /Cannot do it without a file: a list/);
});

test('a file is an argument, or has an option of its own; a group by its name alone tells how it is written now', async () => {
  const given = async (...words: string[]): Promise<string> => {
    let err = '';
    const terminal = { out: () => undefined, err: (one: string) => void (err += one), input: '', code: 0 };
    const row = (as?: string) =>
      changes({
        ...said,
        ...answered,
        about: 'take',
        in: {},
        upload: { about: 'a list', needed: true, ...defined({ as }) },
      });
    const group = subject(
      'thing',
      'things',
      { list: row('argument'), take: row('names'), of: row() },
      { initial: 'list' },
    );
    const program = new Command('sluis').exitOverride().configureOutput({ writeErr: terminal.err });
    addSubject(terminal, program, group);
    await program.parseAsync([...words, '--config', '/nowhere'], { from: 'user' }).catch((error: unknown) => {
      err += String(error);
    });
    return err;
  };
  for (const words of [
    ['list', '/no/file'],
    ['take', '--names', '/no/file'],
    ['of', '--from', '/no/file'],
  ])
    assert.match(await given('thing', ...words), /^CommandError: Cannot read "\/no\/file": ENOENT/, words.join(' '));
  assert.match(await given('thing', 'take'), /Cannot do it without --names FILE: a list/);
  assert.match(
    await given('thing', '/no/file'),
    /^"sluis thing" is written "sluis thing list" now.*\nCommandError: Cannot read "\/no\/file"/,
  );
});

test('of rows that come newest first the newest are shown, oldest first, and no page is asked for after them', async () => {
  let asked = 0;
  const pages = async function* (): AsyncGenerator<readonly number[]> {
    for (let n = 10; n > 0; n -= 3) {
      asked += 1;
      yield await Promise.resolve([n, n - 1, n - 2]);
    }
  };
  const shown: unknown[] = [];
  for await (const page of newestOf(pages(), 4)) shown.push(...page);
  assert.deepEqual([shown, asked], [[7, 8, 9, 10], 2]);
});

test('a line of a CSV file is read as options are; spaces around a password are part of it, and an empty field may be left out', async () => {
  const columns = {
    account: old(need(login, 'whose'), 'login'),
    user: opt(text('name'), 'its name there'),
    password: newPassword,
  };
  const read = async (file: string): Promise<unknown> =>
    await recordsOf(once(file), { action: 'use it', columns, most: 3, now: () => instant(0) });
  assert.deepEqual(await read('login,user,password\n ANNA , a ,"  two words "\nbert,,x\n'), [
    { account: 'anna', user: 'a', password: '  two words ', line: 2 },
    { account: 'bert', user: undefined, password: 'x', line: 3 },
  ]);
  await assert.rejects(read('account,password\nanna,\n'), /nothing was changed:\n.*line 2, password: it is empty/);
});
