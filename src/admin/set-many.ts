/**
 * `set --from CSV`: checks the whole file first, then changes it in batches.
 *
 * One transaction for all of 20,000 accounts would hold up everybody's mail for as long, and its
 * last line could undo all of it. A batch is all or nothing. After an interruption, the same file
 * is given again: what is set already is left alone.
 */
import { many as numberOf } from '../domain/counted.ts';
import type { SettingConflict } from '../domain/setting-conflicts.ts';
import type { SettingScope } from '../domain/settings/setting.ts';
import { RegistryError, type SettingChanges, type SettingTarget } from '../store/registry.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import { refuseLines } from './csv-table.ts';
import { type Found, type ToSet, nameOf, readSettingsFile } from './set-from-csv.ts';

export interface ManyOutcome {
  /** Number of targets that had other settings before. */
  readonly targets: number;
  readonly changes: number;
  /** Number of lines whose target had all these settings already. */
  readonly already: number;
  readonly applied: boolean;
  /**
   * Settings among the changes that cancel each other: one sentence for each kind, with the number
   * of targets that have it.
   */
  readonly warnings: readonly string[];
}

/** How names of the scope are read. */
export interface Names {
  readonly read: (name: string) => Omit<Found, 'settings'> | string;
  /** The text of the error for an unknown name. */
  readonly missing: (target: SettingTarget) => Promise<string>;
  readonly conflicts: (target: SettingTarget, changes: SettingChanges) => Promise<readonly SettingConflict[]>;
}

/** Targets of one transaction: mail that arrives meanwhile waits about 10 ms. */
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
  refuseLines('set from the file', file.problems);
  const many = file.changes;
  const warnings = await warningsOf(scope, many, names);
  for (let done = 0; !dryRun && done < many.length; done += BATCH) {
    if (gone?.aborted === true)
      throw new AdminError('unavailable', `Cannot set the rest: the caller has gone; ${cut(done, many.length)}`);
    await setBatch(registry.changeManySettings(many.slice(done, done + BATCH), actor), done, many.length);
    progress(Math.min(done + BATCH, many.length), many.length, 'Setting');
  }
  const changes = many.reduce((n, m) => n + Object.keys(m.changes).length, 0);
  return { targets: many.length, changes, already: file.already, applied: !dryRun, warnings };
}

/** The warnings. They are found before anything changes, so that a dry run gives the same. */
async function warningsOf(scope: SettingScope, changes: readonly ToSet[], names: Names): Promise<readonly string[]> {
  const kinds = new Map<string, { readonly text: string; readonly first: SettingTarget; count: number }>();
  for (let at = 0; at < changes.length; at += BATCH) {
    const batch = changes.slice(at, at + BATCH);
    const found = await Promise.all(batch.map((one) => names.conflicts(one.target, one.changes)));
    for (const [i, { target }] of batch.entries())
      for (const { kind, text } of found[i] ?? []) {
        const seen = kinds.get(kind);
        if (seen === undefined) kinds.set(kind, { text, first: target, count: 1 });
        else seen.count += 1;
      }
  }
  return [...kinds.values()].map(
    ({ text, first, count }) => `${text} (${numberOf(count, scope)}, the first is ${nameOf(first)})`,
  );
}

/**
 * Sets one batch. Somebody may have ended or removed something since the file was checked; the
 * error then says how much was done.
 */
async function setBatch(batch: Promise<number>, done: number, of: number): Promise<void> {
  try {
    await batch;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new AdminError(error.kind, `Cannot set the rest: ${error.message}; ${cut(done, of)}`);
  }
}

const cut = (done: number, of: number): string =>
  `${done} of ${of} were changed before it and stay so; give the file again to continue`;

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
