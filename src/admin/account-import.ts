/** The operation `account.import`: the CSV file comes as the upload. */
import type { AdminContext, Call } from './context.ts';
import { AdminError } from './context.ts';
import { problemLines } from './csv-table.ts';
import { importAccounts } from './import.ts';
import { count, flag } from './input.ts';
import { MAX_OBSERVED, observedFor } from './observed.ts';
import { change } from './operation.ts';

interface ImportOutcome {
  readonly accounts: number;
  /** False for a dry run. */
  readonly applied: boolean;
}

async function run(
  { store, hashPassword, clock }: AdminContext,
  input: { readonly dryRun: boolean; readonly observe: number },
  { actor, progress, upload }: Call,
): Promise<ImportOutcome> {
  if (upload === undefined) throw new AdminError('invalid', 'Cannot import: no file came with the request');
  const report = await importAccounts(upload, {
    registry: store.registry,
    actor,
    dryRun: input.dryRun,
    ...(input.observe === 0 ? {} : { settings: observedFor(input.observe, clock.now()) }),
    hash: hashPassword,
    // One figure for all phases would run backwards: checking is quick, hashing is what takes time.
    progress: (phase, done, total) => {
      if (phase === 'hash' || total > 0) progress(done, total);
    },
  });
  switch (report.kind) {
    case 'refused':
      throw new AdminError('invalid', `Cannot import, nothing was changed:\n${problemLines(report.problems)}`);
    case 'cancelled':
      throw new AdminError('unavailable', 'The import was ended before it changed anything');
    case 'imported':
    case 'checked':
      return { accounts: report.accounts, applied: report.kind === 'imported' };
  }
}

export const importOperations = {
  'account.import': change(
    (input) => ({
      dryRun: flag(input, 'dry-run'),
      observe: count(input, 'observe', { initial: 0, max: MAX_OBSERVED }),
    }),
    run,
  ),
};
