/**
 * The work on a held file: checking it, doing what it says, and writing letters for the accounts
 * that it leaves without a password. The work continues when the browser is closed.
 */
import { AdminError } from '../../admin/error.ts';
import type { OperationName } from '../../admin/operations.ts';
import type { Log } from '../../domain/effects.ts';
import { CODE_DAYS, MOST_CODES } from '../../domain/password-codes.ts';
import type { Asked } from '../core/page.ts';
import { type HeldImport, type ImportState, type Letters, textOf } from './held-imports.ts';

/** Most letters of one import: each is about 3 KB, in memory until they are fetched. */
const MAX_LETTERS = 2000;
/** Most login names that are listed because they got no letter. */
const NAMED = 100;

const FAILED = 'The gateway failed, and may have done a part of it; its log says why';
/** A signal that never aborts: the work continues when the visitor goes away. */
const NOBODY_GOES = new AbortController().signal;

export interface ImportWork {
  readonly log: Log;
  readonly operation: OperationName;
  /** Accounts without a password get letters with codes. */
  readonly letters?: true;
}

/** Checks the whole file and changes nothing. Never rejects. */
export async function lookAt(asked: Asked, { log, operation }: ImportWork, one: HeldImport): Promise<void> {
  one.state = await outcomeOf(log, one, false, async (along) => {
    const result: unknown = await asked.operate(operation, { ...inputOf(one), 'dry-run': true }, undefined, along);
    return { kind: 'right', result };
  });
  if (one.state.kind !== 'right') delete one.file;
}

/** Does what the file says. Never rejects. `looked`: the result of the check. */
export async function carryOut(
  asked: Asked,
  { log, operation, letters }: ImportWork,
  one: HeldImport,
  reason: string,
  approval: string | undefined,
  looked: unknown,
): Promise<void> {
  let names = '';
  const send = (piece: string): Promise<void> => Promise.resolve(void (names += piece));
  one.state = await outcomeOf(
    log,
    one,
    true,
    async (along) => {
      const more = { ...along, send, ...(approval !== undefined && { approval }) };
      const result: unknown = await asked.operate(operation, { ...inputOf(one), 'dry-run': false }, reason, more);
      delete one.file;
      const logins = letters === true ? Buffer.from(names, 'latin1').toString().split('\n').filter(Boolean) : [];
      return { kind: 'done', result, letters: await lettersFor(asked, one, logins, reason) };
    },
    looked,
  );
  if (one.state.kind !== 'waits') delete one.file;
}

const inputOf = ({ input, sha256 }: HeldImport) => ({ ...input, sha256 });

type Along = Required<Pick<NonNullable<Parameters<Asked['operate']>[3]>, 'upload' | 'gone' | 'progress'>>;

async function outcomeOf(
  log: Log,
  one: HeldImport,
  deed: boolean,
  work: (along: Along) => Promise<ImportState>,
  looked?: unknown,
): Promise<ImportState> {
  const state = { kind: 'working', deed, done: 0, total: 0, phase: '' } as const;
  const told: ImportState = { ...state };
  one.state = told;
  const { file } = one;
  if (file === undefined) return { kind: 'failed', text: 'The file is no longer held; give it again' };
  const progress = (done: number, total: number, phase = ''): void => void Object.assign(told, { done, total, phase });
  try {
    return await work({ upload: textOf(file), gone: NOBODY_GOES, progress });
  } catch (error) {
    if (!(error instanceof AdminError)) {
      log.error('console.failed', { page: one.path, error: String(error) });
      return { kind: 'failed', text: FAILED };
    }
    if (error.kind === 'approval' && error.request !== undefined)
      return { kind: 'waits', request: error.request, result: looked };
    const { lines, message } = error;
    return lines === undefined ? { kind: 'failed', text: message } : { kind: 'wrong', text: firstLine(message), lines };
  }
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

/** Writes letters for the accounts that were made. If that fails, the accounts stay. */
async function lettersFor(asked: Asked, one: HeldImport, logins: readonly string[], reason: string): Promise<Letters> {
  const texts: string[] = [];
  const without: string[] = [];
  let why: string | undefined;
  const wanted = logins.slice(0, MAX_LETTERS);
  try {
    for (let at = 0; at < wanted.length; at += MOST_CODES) {
      const login = wanted.slice(at, at + MOST_CODES);
      const made = await asked.operate('account.reset', { login, by: 'letter', valid: CODE_DAYS.most }, reason, {
        gone: NOBODY_GOES,
      });
      texts.push(...made.codes.flatMap(({ letter }) => letter ?? []));
      without.push(...made.refused.map(({ login: name }) => name));
      Object.assign(one.state, { done: texts.length, total: wanted.length, phase: 'Writing letters' });
    }
  } catch (error) {
    why = error instanceof AdminError ? firstLine(error.message) : FAILED;
    without.push(...wanted.slice(texts.length + without.length));
  }
  without.push(...logins.slice(MAX_LETTERS));
  return {
    made: texts.length,
    // The command writes letters into one file in the same way: with a form feed between two.
    ...(texts.length > 0 && { text: texts.join('\f') }),
    without: without.slice(0, NAMED),
    ...(why !== undefined && { why }),
  };
}
