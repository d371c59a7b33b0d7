/**
 * Codes for many accounts, a bounded part at a time: each part is one transaction, and its letters are on the disk before the next begins. Cut
 * short, `--resume` goes on behind them.
 */
import type { AdminClient } from '../admin/client.ts';
import type { CodeView } from '../admin/password-codes.ts';
import { MOST_CODES } from '../domain/password-codes.ts';
import { CommandError } from './exit.ts';
import type { LetterFiles } from './letter-files.ts';
import { showProgress } from './progress.ts';

export interface CodesWanted {
  readonly name?: string | undefined;
  readonly ends?: string | undefined;
  readonly all: boolean;
  readonly valid: number;
  readonly by: 'contact' | 'letter';
  /** Where letters go; absent in a dry run, and for contacts. */
  readonly files: LetterFiles | undefined;
  readonly resume: boolean;
  readonly dryRun: boolean;
}

/** What was done, as `--json` prints it: never with a letter in it. */
export interface Codes {
  readonly applied: boolean;
  readonly codes: readonly Omit<CodeView, 'letter'>[];
  readonly refused: readonly { readonly login: string; readonly why: string }[];
  readonly waiting: number;
}

export async function makeCodes(client: AdminClient, logins: readonly string[], wanted: CodesWanted): Promise<Codes> {
  const { name, ends, all, valid, by, files, resume, dryRun } = wanted;
  const left = resume && files !== undefined ? logins.filter((login) => !files.has(login)) : logins;
  const there = resume || files === undefined ? undefined : left.find((login) => files.has(login));
  if (there !== undefined)
    throw new CommandError(
      'conflict',
      `Cannot write the letters to ${files?.where ?? ''}: one for "${there}" lies there already, and nothing is overwritten; name another folder, or give --resume to leave it out`,
    );
  const codes: Omit<CodeView, 'letter'>[] = [];
  const refused: { login: string; why: string }[] = [];
  let waiting = logins.length - left.length;
  const progress = showProgress('Making', 'codes');
  try {
    for (let at = 0; at < left.length; at += MOST_CODES) {
      const part = await client.call('account.reset', {
        logins: left.slice(at, at + MOST_CODES),
        'password-name': name,
        ends,
        all,
        valid,
        by,
        missing: resume && by === 'contact',
        'dry-run': dryRun,
      });
      for (const { letter, ...code } of part.codes) {
        if (letter !== undefined) files?.write(code.login, letter);
        codes.push(code);
      }
      refused.push(...part.refused);
      waiting += part.waiting;
      progress.show(Math.min(left.length, at + MOST_CODES), left.length);
    }
  } finally {
    progress.end();
  }
  return { applied: !dryRun, codes, refused, waiting };
}
