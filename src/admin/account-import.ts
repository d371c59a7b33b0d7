/** The operation `account.import`: the CSV file comes as the upload. */
import { defined } from '../domain/defined.ts';
import type { AdminContext, Call } from './context.ts';
import { AdminError } from './context.ts';
import { problemLines } from './csv-table.ts';
import { type ImportReport, importAccounts } from './import.ts';
import { count, flag } from './input.ts';
import { MAX_OBSERVED, observedFor } from './observed.ts';
import { change } from './operation.ts';

/** Log-in names in one piece: below 64 KB, however long they are. */
const NAMES = 64;
const PHASES = { check: 'Checking', hash: 'Hashing passwords of', store: 'Storing' } as const;

interface ImportOutcome {
  readonly accounts: number;
  /** False for a dry run. */
  readonly applied: boolean;
  /** All of them stand in the registry as in the file: nothing was to be done. */
  readonly already?: boolean;
  /** Of these, without a password; their log-in names go over `send`, one a line. */
  readonly without?: number;
}

async function run(
  { store, hashPassword, clock }: AdminContext,
  input: { readonly dryRun: boolean; readonly observe: number; readonly withoutPassword: boolean },
  { actor, progress, upload, send, gone }: Call,
): Promise<ImportOutcome> {
  if (upload === undefined) throw new AdminError('invalid', 'Cannot import: no file came with the request');
  const report = await importAccounts(upload, {
    registry: store.registry,
    actor,
    dryRun: input.dryRun,
    withoutPassword: input.withoutPassword,
    ...(input.observe === 0 ? {} : { settings: observedFor(input.observe, clock.now()) }),
    hash: hashPassword,
    ...defined({ signal: gone }),
    progress: (phase, done, total) => progress(done, total, PHASES[phase]),
  });
  switch (report.kind) {
    case 'refused':
      throw new AdminError('invalid', `Cannot import, nothing was changed:\n${problemLines(report.problems)}`);
    case 'cancelled':
      throw new AdminError('unavailable', 'The import was ended before it changed anything');
    case 'already':
      return { accounts: report.accounts, applied: false, already: true };
    case 'imported':
    case 'checked':
      return await told(report, send);
  }
}

async function told(
  { kind, accounts, without }: Extract<ImportReport, { kind: 'imported' | 'checked' }>,
  send: Call['send'],
): Promise<ImportOutcome> {
  const outcome = { accounts, applied: kind === 'imported' };
  if (without === undefined) return outcome;
  for (let at = 0; at < without.length; at += NAMES)
    await send?.(Buffer.from(`${without.slice(at, at + NAMES).join('\n')}\n`).toString('latin1'));
  return { ...outcome, without: without.length };
}

export const importOperations = {
  'account.import': change(
    (input) => ({
      dryRun: flag(input, 'dry-run'),
      withoutPassword: flag(input, 'without-password'),
      observe: count(input, 'observe', { initial: 0, max: MAX_OBSERVED }),
    }),
    run,
  ),
};
