/** `sluis account reset` and `sluis account enrol`: one-time codes that set a password. */
import { Readable } from 'node:stream';
import { codesView, codesWithLetters } from '../admin/code-views.ts';
import { z } from '../config/zod.ts';
import { allRows } from '../cli/pages.ts';
import { CommandError } from '../cli/exit.ts';
import { type LetterFiles, letterFiles } from '../cli/letter-files.ts';
import { showProgress } from '../cli/progress.ts';
import { readUpload } from '../cli/upload.ts';
import { defined } from '../domain/defined.ts';
import { CODE_DAYS, MOST_CODES } from '../domain/password-codes.ts';
import { days as daysOf } from '../domain/units.ts';
import { systemClock } from '../platform/clock.ts';
import { codesText } from './account-codes-text.ts';
import { list } from './account-rows.ts';
import { accountColumn } from './core/accounts.ts';
import { recordsOf } from './core/csv.ts';
import { type Values, arg, flag, old, opt, rest } from './core/params.ts';
import { type Here, changes, changesHere, part } from './core/row.ts';
import { login, organisation } from './core/kinds.ts';
import { choice, naming, text } from './core/kind.ts';
import { file, firstLine, folder } from './core/files.ts';
import { days, ends } from './core/moments.ts';
import { password } from './core/secret.ts';

/** Most lines of a file. */
const MOST = 100_000;

const wished = {
  login: rest(login, 'the accounts', MOST),
  name: opt(naming('other', text('name', 64)), 'which password; needed if the account has several'),
  ends: opt(ends, 'when the new password ends, such as 2027-12-31'),
  removeOthers: old(flag('when the code is used, all other passwords of the account go as well'), 'all'),
  valid: opt(days(CODE_DAYS.most), `how long the code is valid, at most ${CODE_DAYS.most}d`, CODE_DAYS.initial),
  dryRun: flag('show who would get a code and change nothing'),
};

/**
 * Makes the codes of one transaction. Whoever asks for a code never sees one that goes to the
 * contact. He does see one in a letter, so that can need a second person.
 */
export const resetPart = part({
  about: 'one-time codes for accounts of one transaction',
  in: {
    ...wished,
    login: rest(login, 'the accounts', MOST_CODES),
    by: opt(choice('by', ['contact', 'letter']), 'who gets the codes', 'contact'),
    missing: flag('leave out those whose code can still be used'),
  },
  out: codesWithLetters,
  right: 'support',
  trail: ['password.code-issued'],
  second: 'code',
  isLook: ({ by, dryRun }) => dryRun || by !== 'letter',
  check: ({ login: names }) =>
    names.length === 0 ? `Cannot make those codes: expected 1 to ${MOST_CODES} login names` : undefined,
  run: async (context, { login: names, name, ends: endsAt, removeOthers, valid, by, missing, dryRun }, call) => {
    const { makeCodes } = await import('../admin/password-codes.ts');
    const wish = { ...defined({ name, ends: endsAt }), others: removeOthers, by, validFor: daysOf(valid) };
    return await makeCodes(context, { logins: [...new Set(names)], wish, missing, dryRun }, call);
  },
});

const words = {
  ...wished,
  letter: opt(file, 'write a letter for the post; of several accounts with a form feed between two'),
  letters: opt(folder, 'write a letter for each account into this folder'),
  from: opt(file, 'CSV with the header "account", one a line; - for standard input'),
  organisation: opt(organisation, 'all accounts of this organisation'),
  continue: old(flag('leave out those whose letter is there, or whose code can still be used'), 'resume'),
};

export const reset = changesHere({
  about:
    "a password was lost: send a one-time code for a new one to the organisation's registered contact, or write it into a letter",
  in: words,
  out: codesView,
  right: 'support',
  trail: resetPart.trail,
  undo: 'not needed: an unused code changes nothing, and a new code replaces it',
  examples: [
    'huisarts --reason "called, ticket 4711"',
    'huisarts assistent --letters letters',
    '--from accounts.csv --dry-run',
  ],
  check: ({ login: named, from, organisation: of, letter, letters, continue: goesOn }) => {
    if ([named.length > 0, from !== undefined, of !== undefined].filter(Boolean).length !== 1)
      return 'Cannot make codes: name accounts, or a file with --from, or an --organisation';
    if (letter !== undefined && letters !== undefined)
      return 'Cannot write letters twice: give --letter FILE or --letters FOLDER';
    return letter !== undefined && goesOn
      ? 'Cannot continue in a file of letters: give --letters FOLDER with --continue'
      : undefined;
  },
  run: async (here, wanted, wire) => {
    const { letter, letters, dryRun } = wanted;
    const read = await namedIn(here, wanted);
    const files = dryRun ? undefined : letterFiles({ letter, letters });
    try {
      const by = letter === undefined && letters === undefined ? 'contact' : 'letter';
      const { name, ends: endsAt } = wire;
      return await codesFor(here, await logins(here, wanted, read), { ...wanted, name, ends: endsAt, by, files });
    } finally {
      files?.end();
    }
  },
  say: (made, { letter, letters }) => codesText(made, letter ?? letters),
  fails: ({ refused }) => (refused.length > 0 ? { code: 'conflict' } : undefined),
});

/** The accounts that the command line names, or those in its file. */
async function namedIn({ terminal }: Here, { login: named, from }: Values<typeof words>): Promise<readonly string[]> {
  if (from === undefined) return named;
  const lines = Readable.from([readUpload(terminal, from)]);
  const now = (): ReturnType<typeof systemClock.now> => systemClock.now();
  const records = await recordsOf(lines, { action: 'use the file', columns: accountColumn, most: MOST, now });
  return [...new Set(records.map(({ account }) => account))];
}

async function logins(
  here: Here,
  { organisation: of }: Values<typeof words>,
  named: readonly string[],
): Promise<readonly string[]> {
  if (of === undefined) return named;
  const all = await allRows(
    (page) => here.call(list, { ...page, organisation: of }),
    (a) => a.login,
  );
  return all.filter(({ state }) => state !== 'ended' && state !== 'ending').map((a) => a.login);
}

export interface CodesOf {
  /** Name and end as they go over the socket. */
  readonly name?: unknown;
  readonly ends?: unknown;
  readonly removeOthers: boolean;
  readonly valid: number;
  readonly by: 'contact' | 'letter';
  /** Files for the letters; undefined in a dry run, and for codes that go to contacts. */
  readonly files: LetterFiles | undefined;
  readonly continue: boolean;
  readonly dryRun: boolean;
}

/**
 * Makes codes for many accounts, part by part. Each part is one transaction, and its letters are on
 * the disk before the next part begins. If the command is cut short, `--continue` does the rest.
 * The answer contains no letters.
 */
export async function codesFor(
  here: Here,
  all: readonly string[],
  { name, ends: endsAt, removeOthers, valid, by, files, continue: goesOn, dryRun }: CodesOf,
): Promise<z.infer<typeof codesView>> {
  const left = goesOn && files !== undefined ? all.filter((one) => !files.has(one)) : all;
  const there = goesOn || files === undefined ? undefined : left.find((one) => files.has(one));
  if (there !== undefined)
    throw new CommandError(
      'conflict',
      `Cannot write the letters to ${files?.where ?? ''}: one for "${there}" is there already, and nothing is overwritten; name another folder, or give --continue to leave it out`,
    );
  const sum: z.infer<typeof codesView> = {
    applied: !dryRun,
    codes: [],
    refused: [],
    waiting: all.length - left.length,
  };
  const progress = showProgress('Making', 'codes');
  try {
    for (let at = 0; at < left.length; at += MOST_CODES) {
      const { codes, refused, waiting } = await here.call(resetPart, {
        login: left.slice(at, at + MOST_CODES),
        name,
        ends: endsAt,
        'remove-others': removeOthers,
        valid,
        by,
        missing: goesOn && by === 'contact',
        'dry-run': dryRun,
      });
      for (const { letter, ...code } of codes) {
        if (letter !== undefined) files?.write(code.login, letter);
        sum.codes.push(code);
      }
      sum.refused.push(...refused);
      sum.waiting += waiting;
      progress.show(Math.min(left.length, at + MOST_CODES), left.length);
    }
  } finally {
    progress.end();
  }
  return sum;
}

export const enrol = changes({
  about: 'use up a one-time code: sets the password that it is for',
  in: {
    code: arg(firstLine('code', 64), 'six groups of four characters; - for the first line of standard input'),
    password,
  },
  out: z.object({ login: z.string(), name: z.string(), ends: z.string().optional() }),
  right: 'support',
  trail: ['password.enrolled'],
  undo: 'account password remove',
  examples: ['7k2m-p9qx-4tfd-w8nz-3hvb-6jrc --generate --out wachtwoord.txt'],
  run: async (context, given, call) => await (await import('../admin/password-codes.ts')).enrol(context, given, call),
  say: (done) => `Set password ${done.name} of account ${done.login}. The code is used up.`,
});
