/**
 * `sluis account end`: the addresses of an account accept no more mail at once. Its login ends
 * later, so that its owner can collect what waits or object. A file can name many accounts
 * (account-end-many.ts).
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { contactOf, contactsIn } from '../admin/contacts-of.ts';
import { AdminError } from '../admin/error.ts';
import { checkSuccessor } from '../admin/successor.ts';
import { withFiles } from '../cli/new-file.ts';
import { showProgress } from '../cli/progress.ts';
import { readUpload } from '../cli/upload.ts';
import { defined } from '../domain/defined.ts';
import { iso } from '../domain/units.ts';
import type { Recipient } from '../store/registry.ts';
import { endManyRow } from './account-end-many.ts';
import { endText, endView, endingsText, endingsView, exportedView } from './account-end-text.ts';
import { ENDING, ends, endsAt } from './core/ending.ts';
import { login } from './core/kinds.ts';
import { file } from './core/files.ts';
import { publishing } from './core/publishing.ts';
import { type Values, arg, maybe, opt } from './core/params.ts';
import { type Here, changesHere } from './core/row.ts';
import { exportMailbox, exportText } from './mailbox/export.ts';

export const endRow = ends({
  api: { method: 'POST', path: '/accounts/{accountId}/endings', ids: { accountId: 'login' } },
  about: 'end an account with all its addresses',
  in: { login: arg(login, 'the account') },
  out: endView,
  right: 'registry',
  trail: ['registry.account-ending', 'registry.account-state'],
  undo: 'account resume, until the time of grace is over',
  examples: ['huisarts'],
  confirm: { name: (input) => input.login, what: (input) => `end account ${input.login}` },
  run: async (context, { login: name, successor, dryRun, ...when }, { actor }) => {
    const { registry } = context.store;
    const { account, addresses: its } = await accountOf(registry, name);
    if (account.kind === 'partner')
      throw new AdminError(
        'invalid',
        `Cannot end account "${name}": a partner logs in with it; "sluis partner end" ends it with all that is pushed there`,
      );
    const isIts = (found: Recipient): boolean => found.account.login === account.login;
    await checkSuccessor(registry, successor, `account "${name}"`, isIts);
    const at = endsAt(context, { ...when, successor, dryRun });
    const { certificates, delegations } = await registry.endReferences(account.id);
    const open = its.filter((a) => a.state !== 'ended').map((a) => a.address);
    const contacts = contactOf(await contactsIn(registry), open);
    if (!dryRun) await registry.endAccount(name, defined({ endsAt: at, successor }), actor);
    const isListed = !dryRun && at === undefined && certificates.length > 0;
    const problem = isListed ? await publishing(context) : undefined;
    return {
      login: account.login,
      applied: !dryRun,
      ...defined({ closes: iso(at), successor }),
      addresses: open,
      // Mail may have arrived until the end.
      waiting: (await accountOf(registry, name)).messages,
      certificates: certificates.map(({ use, serial = '', subject }) => ({ use, serial, subject })),
      delegations,
      contactOf: contacts,
      ...defined({ problem }),
    };
  },
  say: (done) => endText(done),
});

const words = {
  login: maybe(login, 'the account'),
  from: opt(file, 'many: CSV with the header "account,grace,successor"; - for standard input'),
  export: opt(file, 'write what waits in its mailbox to a new tar file, for the owner'),
  ...ENDING,
};
type Wanted = Values<typeof words>;
type Ended = z.infer<typeof endingsView> | z.infer<typeof exportedView>;

export const end = changesHere({
  about: 'end an account with all its addresses; for 30 days its owner collects, and "resume" takes it back',
  in: words,
  out: z.union([endingsView, exportedView]),
  right: 'registry',
  second: 'end',
  trail: endRow.trail,
  undo: 'account resume, until the time of grace is over',
  examples: [
    'huisarts --grace 60d --successor assistent@huisarts.example --dry-run',
    'assistent --yes --reason "the practice has closed"',
    '--from accounts.csv --dry-run',
  ],
  isLook: ({ dryRun }) => dryRun,
  check: (input) => {
    if ((input.login === undefined) === (input.from === undefined))
      return 'Cannot end: expected either an account or a file with --from';
    return input.from === undefined || input.export === undefined
      ? undefined
      : 'Cannot export the mailboxes of many: end them with a time of grace, and write each with "sluis mailbox export"';
  },
  confirm: {
    name: (input) => input.login ?? basename(input.from ?? ''),
    what: (input) =>
      input.login === undefined ? `end the accounts of ${input.from ?? ''}` : `end account ${input.login}`,
    goes: async (here, input) => textOf(await ending(here, { ...input, dryRun: true, export: undefined })),
  },
  run: ending,
  say: textOf,
});

/** The input as it goes over the socket. */
const wireOf = ({ grace, now, successor, dryRun }: Wanted): Readonly<Record<string, unknown>> => ({
  ...defined({ grace, successor }),
  ...(now && { now }),
  ...(dryRun && { 'dry-run': true }),
});

async function ending(here: Here, wanted: Wanted): Promise<Ended> {
  const { login: name, from, export: path, dryRun } = wanted;
  if (name === undefined) return await endMany(here, from ?? '', wireOf(wanted));
  const input = { login: name, ...wireOf(wanted) };
  if (path === undefined || dryRun) return await here.call(endRow, input);
  // First a dry run, so that no file is written for an account that cannot end. Then the file, so
  // that the account has not ended if it cannot be written.
  await here.call(endRow, { ...input, 'dry-run': true });
  const exported = await exportMailbox(here, name, path);
  const file = { undo: () => rmSync(path, { force: true }) };
  const ended = await withFiles([file], () => here.call(endRow, input));
  return { ...ended, exported: { file: path, ...exported } };
}

/** `--grace` and `--successor` hold for lines that name none. */
async function endMany(here: Here, from: string, given: ReturnType<typeof wireOf>): Promise<Ended> {
  const upload = readUpload(here.terminal, from);
  const progress = showProgress('Ending', 'accounts');
  const sha256 = createHash('sha256').update(upload).digest('hex');
  return await here.call(endManyRow, { ...given, sha256 }, { upload, progress: progress.show }).finally(progress.end);
}

function textOf(done: Ended): string {
  if ('accounts' in done) return endingsText(done);
  const { exported } = done;
  if (exported === undefined) return endText(done);
  const late = done.waiting - exported.messages;
  const more = `${late} came after the export: write another one with "sluis mailbox export ${done.login} FILE --reason TEXT".`;
  return [endText(done), ...(late > 0 ? [more] : []), exportText(exported, exported.file)].join('\n');
}
