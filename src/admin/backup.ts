/** Takes backups, lists them, reads them again. Putting one back is no operation: there is no store then (cli/restore.ts). */
import { isAbsolute } from 'node:path';
import type { BackupView, CheckedBackup, TakenView } from '../backup/views.ts';
import type { DrillReport } from '../backup/drill.ts';
import { defined } from '../domain/defined.ts';
import { MiB } from '../domain/units.ts';
import { AdminError, type Call } from './context.ts';
import { type Input, flag, optionalText } from './input.ts';
import { change, listing } from './operation.ts';

const MAX_PATH = 4096;

/** The command line resolves paths where it stands: the gateway stands elsewhere. */
function optionalPath(input: Input, name: string): string | undefined {
  const path = optionalText(input, name, MAX_PATH);
  if (path !== undefined && !isAbsolute(path))
    throw new AdminError('invalid', `Cannot use "${path}" as ${name}: expected an absolute path`);
  return path;
}

/** In MiB: a person reads it. */
const toldTo =
  ({ progress }: Call) =>
  (done: number, of: number): void =>
    progress(Math.ceil(done / MiB), Math.ceil(of / MiB));

export const backupOperations = {
  'backup.take': change(
    (input) => optionalPath(input, 'folder'),
    async ({ backups }, folder, call): Promise<TakenView> =>
      await backups.take({ ...defined({ folder }), actor: call.actor, told: toldTo(call) }),
  ),
  'backup.list': listing(
    (input) => optionalPath(input, 'folder'),
    async ({ backups }, folder): Promise<readonly BackupView[]> => await backups.list(folder),
  ),
  'backup.check': listing(
    (input) => optionalPath(input, 'backup'),
    async ({ backups }, backup, call): Promise<CheckedBackup> => await backups.check(backup, toldTo(call)),
  ),
  'backup.drill': change(
    (input) => ({
      backup: optionalPath(input, 'backup'),
      all: flag(input, 'all'),
      keysFrom: optionalPath(input, 'keys-from'),
    }),
    async ({ backups }, { backup, keysFrom, all }, call): Promise<DrillReport & { readonly file: string }> =>
      await backups.drill({ all, actor: call.actor, ...defined({ backup, keysFrom }) }, toldTo(call)),
  ),
};
