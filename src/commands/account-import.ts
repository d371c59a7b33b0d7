/** `sluis account import`: registers thousands of accounts from one file, all of them or none. */
import { z } from '../config/zod.ts';
import { AdminError } from '../admin/error.ts';
import type { Call } from '../admin/call.ts';
import type { ImportReport } from '../admin/import.ts';
import { letterFiles } from '../cli/letter-files.ts';
import { showProgress } from '../cli/progress.ts';
import { readUpload } from '../cli/upload.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { CODE_DAYS } from '../domain/password-codes.ts';
import { codesFor } from './account-codes.ts';
import { lettersText } from './account-codes-text.ts';
import { organisation } from './core/kinds.ts';
import { choice } from './core/kind.ts';
import { file, folder } from './core/files.ts';
import { days } from './core/moments.ts';
import { type Values, arg, flag, opt } from './core/params.ts';
import { changesHere, part } from './core/row.ts';
import { contactView, details, postOf } from './organisation/details.ts';
import type { NewOrganisation } from '../store/registry.ts';

/** Login names of one piece: it stays below 64 KB, however long the names are. */
const NAMES = 64;
const PHASES = { check: 'Checking', hash: 'Hashing passwords of', store: 'Storing' } as const;
/** Counts of quirks are kept for 100 days, so nobody can observe much longer. */
const MAX_OBSERVED = 90;

const importView = z.object({
  accounts: z.number(),
  applied: z.boolean().meta({ description: 'False for a dry run.' }),
  already: z.boolean().optional().meta({
    description: 'All of them are in the registry as in the file: nothing was to be done.',
  }),
  without: z.number().optional().meta({ description: 'Of these, without a password.' }),
  ...contactView.shape,
});
type Imported = z.infer<typeof importView>;

const given = {
  observe: opt(days(MAX_OBSERVED), 'every tolerance on, and watch what each account deviates in, such as 30d'),
  dryRun: flag('check every line and change nothing'),
};

/**
 * Registers the accounts of a file. The login names of accounts without a password go over `send`,
 * one a line.
 */
export const importPart = part({
  about: 'register the accounts of a CSV file',
  in: {
    ...given,
    withoutPassword: flag('lines may have no password'),
    newOrganisation: opt(organisation, 'registered together with the accounts, which are its own'),
    ...details,
    language: opt(choice('code', ['nl', 'en']), 'language of notices', 'nl'),
  },
  upload: { about: 'the accounts', needed: true },
  out: importView,
  right: 'registry',
  trail: ['registry.account-added', 'registry.organisation-added'],
  run: async (context, { dryRun, observe, withoutPassword, ...about }, call) => {
    const { store, hashPassword, clock } = context;
    const [{ importAccounts }, { observedFor }, { contactProblemOf, judgedContact, shownProblem }] = await Promise.all([
      import('../admin/import.ts'),
      import('../admin/observed.ts'),
      import('../admin/organisation-contact.ts'),
    ]);
    const organisation = organisationOf(about);
    if (organisation !== undefined) await judgedContact(context, organisation.contact, { isNew: true });
    if (call.upload === undefined) throw new AdminError('invalid', 'Cannot import: no file came with the request');
    const report = await importAccounts(call.upload, {
      registry: store.registry,
      actor: call.actor,
      dryRun,
      withoutPassword,
      ...(observe !== undefined && { settings: observedFor(observe, clock.now()) }),
      hash: hashPassword,
      ...defined({ signal: call.gone, organisation }),
      progress: (phase, done, total) => call.progress(done, total, PHASES[phase]),
    });
    const imported = await importedOf(report, call.send);
    // The contact may be one of these accounts, so it is checked when they exist.
    if (!imported.applied || organisation === undefined) return imported;
    return {
      ...imported,
      ...shownProblem(organisation.contact, await contactProblemOf(context, organisation.contact)),
    };
  },
});

type About = Values<typeof details> & { readonly newOrganisation: string | undefined; readonly language: 'nl' | 'en' };

/** The new organisation, or undefined if all accounts belong to existing ones. */
function organisationOf({ newOrganisation: name, title, post, ...more }: About): NewOrganisation | undefined {
  if (name === undefined) return undefined;
  return {
    name,
    title: title === undefined || title === '' ? name : title,
    ...defined({ ...more, post: postOf(post) }),
  };
}

async function importedOf(report: ImportReport, send: Call['send']): Promise<Imported> {
  if (report.kind === 'refused') (await import('../admin/csv-table.ts')).refuseLines('import', report.problems);
  if (report.kind === 'refused' || report.kind === 'cancelled')
    throw new AdminError('unavailable', 'The import was ended before it changed anything');
  if (report.kind === 'already') return { accounts: report.accounts, applied: false, already: true };
  const { kind, accounts, without } = report;
  const outcome = { accounts, applied: kind === 'imported' };
  if (without === undefined) return outcome;
  for (let at = 0; at < without.length; at += NAMES)
    await send?.(Buffer.from(`${without.slice(at, at + NAMES).join('\n')}\n`).toString('latin1'));
  return { ...outcome, without: without.length };
}

const importedView = importView.extend({ letters: z.number().optional().meta({ description: 'That were written.' }) });

export const importMany = changesHere({
  about: 'register many accounts from a CSV file: all or none, every bad line reported',
  in: {
    file: arg(
      file,
      'header "login,address,organisation,password" or "...,password_hash", and optionally "kind"; - for standard input',
    ),
    letters: opt(
      folder,
      'lines may have no password: a letter with a one-time code for each of these accounts, in this folder',
    ),
    valid: opt(days(CODE_DAYS.most), `how long these codes are valid, at most ${CODE_DAYS.most}d`, CODE_DAYS.most),
    ...given,
  },
  out: importedView,
  right: 'registry',
  trail: ['registry.account-added', 'password.code-issued'],
  undo: 'account end --from FILE',
  examples: ['import.csv --dry-run', 'import.csv --observe 30d'],
  run: async (here, { file: path, letters, valid, observe, dryRun }): Promise<z.infer<typeof importedView>> => {
    const upload = readUpload(here.terminal, path);
    const files = dryRun ? undefined : letterFiles({ letters });
    const progress = showProgress('Checking', 'accounts');
    const input = { 'dry-run': dryRun, observe, 'without-password': letters !== undefined };
    let names = '';
    const receive = (piece: string): void => void (names += piece);
    try {
      const imported = await here
        .call(importPart, input, { upload, progress: progress.show, receive })
        .finally(progress.end);
      if (files === undefined || (imported.without ?? 0) === 0) return imported;
      // From here on the accounts exist. If writing the letters fails, "account reset --letters
      // FOLDER --continue" writes the rest.
      const logins = Buffer.from(names, 'latin1').toString().trimEnd().split('\n');
      const wanted = { removeOthers: false, valid, by: 'letter', files, continue: false, dryRun } as const;
      const made = await codesFor(here, logins, wanted);
      return { ...imported, letters: made.codes.length };
    } finally {
      files?.end();
    }
  },
  say: ({ accounts, applied, already, letters: written }, { letters }) =>
    [
      already === true
        ? `Already imported: ${many(accounts, 'account')} ${agree(accounts, 'is', 'are')} in the registry as in the file, addresses included. Nothing was changed, passwords were not compared.`
        : applied
          ? `Registered ${many(accounts, 'account')}.`
          : `The file is right: it would register ${many(accounts, 'account')}. Nothing was changed.`,
      ...(written === undefined
        ? []
        : [`${lettersText(written, letters ?? '', ' with a code for a first password')}.`]),
    ].join('\n'),
});
