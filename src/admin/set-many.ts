/**
 * `set --from CSV`: the whole file is checked first, then changed in batches.
 *
 * One transaction for all of 20,000 accounts held up the mail of everybody for its length, and could be taken back by the last line. A batch
 * is all or nothing; what is cut short, by a crash or by who asked, goes on where it was when the same file is given again: what is set
 * already is left alone.
 */
import type { SettingScope } from '../domain/settings/setting.ts';
import { RegistryError, type SettingTarget } from '../store/registry.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { problemLines } from './csv-table.ts';
import { type Found, readSettingsFile } from './set-from-csv.ts';

export interface ManyOutcome {
  /** Targets that had other settings before. */
  readonly targets: number;
  readonly changes: number;
  /** Lines whose target had all of it already. */
  readonly already: number;
  readonly applied: boolean;
}

/** How names of the scope are read. */
export interface Names {
  readonly read: (name: string) => Omit<Found, 'settings'> | string;
  /** Why there is none of that name. */
  readonly missing: (target: SettingTarget) => Promise<string>;
}

/** Targets of one transaction: mail that comes meanwhile waits some 10 ms for them. */
const BATCH = 250;

export async function setMany(
  { store: { registry } }: AdminContext,
  { scope, dryRun }: { readonly scope: SettingScope; readonly dryRun: boolean },
  { actor, progress, upload, gone }: Call,
  names: Names,
): Promise<ManyOutcome> {
  if (upload === undefined) throw new AdminError('invalid', 'Cannot set from a file: no file came with the request');
  const resolve = (given: readonly string[]): Promise<readonly (Found | string)[]> => found(registry, names, given);
  const file = await readSettingsFile(upload, { scope, resolve, progress: (lines) => progress(lines, 0, 'Checking') });
  if (file.problems.length > 0)
    throw new AdminError('invalid', `Cannot set from the file, nothing was changed:\n${problemLines(file.problems)}`);
  const many = file.changes;
  for (let done = 0; !dryRun && done < many.length; done += BATCH) {
    if (gone?.aborted === true)
      throw new AdminError('unavailable', `Cannot set the rest: the caller has gone; ${cut(done, many.length)}`);
    await setBatch(registry.changeManySettings(many.slice(done, done + BATCH), actor), done, many.length);
    progress(Math.min(done + BATCH, many.length), many.length, 'Setting');
  }
  const changes = many.reduce((n, m) => n + Object.keys(m.changes).length, 0);
  return { targets: many.length, changes, already: file.already, applied: !dryRun };
}

/** Somebody may have ended or removed what the file names since it was checked. */
async function setBatch(batch: Promise<number>, done: number, of: number): Promise<void> {
  try {
    await batch;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new AdminError(error.kind, `Cannot set the rest: ${error.message}; ${cut(done, of)}`);
  }
}

const cut = (done: number, of: number): string =>
  `${done} of ${of} were changed before it and stay so; give the file again to go on`;

async function found(
  registry: AdminContext['store']['registry'],
  names: Names,
  given: readonly string[],
): Promise<readonly (Found | string)[]> {
  const read = given.map((name) => names.read(name));
  const known = read.filter((one) => typeof one !== 'string');
  const settings = await registry.ownSettings(known.map(({ target }) => target));
  let next = 0;
  return await Promise.all(
    read.map(async (one) => {
      if (typeof one === 'string') return one;
      const own = settings[next++];
      return own === undefined ? await names.missing(one.target) : { ...one, settings: own };
    }),
  );
}
