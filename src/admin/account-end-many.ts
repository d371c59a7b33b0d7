/**
 * `account.end-many`: the ends of thousands of accounts from a file, `login[,grace][,successor]`. Everything that is wrong is found before the
 * first one ends; then each part is one transaction. What has ended, or ends already as it is to, is left alone: cut short, the same
 * file is given again.
 */
import { createHash } from 'node:crypto';
import { tryToPublish } from '../ca/revocation-lists.ts';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, days, instant, iso } from '../domain/units.ts';
import type { EndTies } from '../store/organisation-ties.ts';
import { type AccountSummary, type Ending as StoreEnding, MAX_ACCOUNTS } from '../store/registry.ts';
import { MAX_GRACE, endingBy, endingInput } from './ending.ts';
import { MAX_NAMED, partsOf } from './account-names.ts';
import { accountOf } from './accounts.ts';
import { contactOf, contactsIn } from './contacts-of.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { type CsvProblem, type CsvRecord, problemLines, readTable } from './csv-table.ts';
import { addressOf, login, optionalText } from './input.ts';
import { change } from './operation.ts';
import { successorProblem } from './successor.ts';

/** Accounts that are told of one by one. */
const TOLD = 1000;
/** Lookups under way at a time. */
const AT_ONCE = 50;

interface Defaults {
  readonly grace: number;
  readonly successor: Address | undefined;
}

interface Row {
  readonly line: number;
  readonly login: string;
  readonly grace: number;
  readonly successor?: Address;
}

type Ending = StoreEnding & { readonly login: string };

export interface EndedView {
  readonly login: string;
  /** Until then its owner collects; absent: it is closed. ISO 8601. */
  readonly closes?: string;
  readonly successor?: Address;
  readonly waiting: number;
}

export interface EndingsView {
  /** False where it was only asked what would be. */
  readonly applied: boolean;
  readonly accounts: number;
  /** Those that had ended, or ended so already. */
  readonly already: number;
  readonly addresses: number;
  /** Accounts that are closed at once, and messages in them that nobody can collect. */
  readonly closed: number;
  readonly uncollected: number;
  readonly withoutSuccessor: number;
  /** Certificates of our own authorities that are revoked, and rights to send that are taken back, when they are closed. */
  readonly certificates: number;
  readonly delegations: number;
  /** Organisations that are reached at one of their addresses: they need another contact. */
  readonly contactOf: readonly string[];
  /** The revocation list could not be written: why. */
  readonly problem?: string;
  /** Each that ends, where there are no more than 1000. */
  readonly ended: readonly EndedView[];
}

function rowOf(record: CsvRecord, { grace, successor }: Defaults): Row {
  const [written, to] = [record.cell('grace'), record.cell('successor')];
  const match = /^(\d{1,3})d$/.exec(written);
  if (written !== '' && (match === null || Number(match[1]) > MAX_GRACE))
    throw new AdminError(
      'invalid',
      `the grace is "${written.slice(0, 20)}"; expected days such as 30d, at most ${MAX_GRACE}d`,
    );
  const succeeds = to === '' ? successor : addressOf(to, 'successor');
  return {
    line: record.line,
    login: login({ login: record.cell('login') }, 'login'),
    grace: match === null ? grace : Number(match[1]),
    ...defined({ successor: succeeds }),
  };
}

/** Every row, or all that is wrong with the file. */
async function rowsOf(upload: AsyncIterable<string>, defaults: Defaults): Promise<readonly Row[]> {
  const rows = new Map<string, Row>();
  const problems: CsvProblem[] = [];
  const shape = { required: ['login'], optional: ['grace', 'successor'], records: MAX_NAMED };
  for await (const item of readTable(upload, shape)) {
    if (item.kind === 'problem') problems.push(item.problem);
    if (item.kind !== 'record') continue;
    try {
      const row = rowOf(item.record, defaults);
      const before = rows.get(row.login);
      if (before === undefined) rows.set(row.login, row);
      else problems.push({ line: row.line, text: `"${row.login}" stands in line ${before.line} as well` });
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      problems.push({ line: item.record.line, text: error.message });
    }
  }
  refuse(problems);
  return [...rows.values()];
}

function refuse(problems: readonly CsvProblem[]): void {
  if (problems.length > 0)
    throw new AdminError('invalid', `Cannot end accounts, nothing was changed:\n${problemLines(problems)}`);
}

interface Planned {
  readonly endings: readonly Ending[];
  /** Something of them is to go on a revocation list now. */
  readonly listed: boolean;
  readonly view: Omit<EndingsView, 'applied'>;
}

async function planOf(context: AdminContext, rows: readonly Row[]): Promise<Planned> {
  const { registry } = context.store;
  const now = context.clock.now();
  const endings: Ending[] = [];
  const problems: CsvProblem[] = [];
  const ended: EndedView[] = [];
  const sum = {
    accounts: rows.length,
    already: 0,
    addresses: 0,
    closed: 0,
    uncollected: 0,
    withoutSuccessor: 0,
    certificates: 0,
    delegations: 0,
  };
  let listed = false;
  const contacts = await contactsIn(registry);
  const reached = new Set<string>();
  const lookUp = async (row: Row): Promise<[Row, AccountSummary, EndTies] | undefined> => {
    try {
      const summary = await accountOf(registry, row.login);
      return [row, summary, await registry.endTies(summary.account.id)];
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      problems.push({ line: row.line, text: error.message });
      return undefined;
    }
  };
  for (const part of partsOf(rows, AT_ONCE))
    for (const found of await Promise.all(part.map(lookUp))) {
      if (found === undefined) continue;
      const [{ line, grace, successor }, summary, ties] = found;
      const { account, addresses, messages } = summary;
      if (account.kind === 'partner')
        problems.push({
          line,
          text: `a partner logs in with "${account.login}"; "sluis partner end" ends it with all that is pushed there`,
        });
      const endsAt = grace === 0 ? undefined : instant(now + days(grace));
      if (isSo(summary, endsAt)) {
        sum.already += 1;
        continue;
      }
      const open = addresses.filter(({ state }) => state !== 'ended').map(({ address }) => address);
      sum.addresses += open.length;
      for (const name of contactOf(contacts, open)) reached.add(name);
      sum.certificates += ties.certificates.length;
      sum.delegations += ties.delegations.length;
      if (endsAt === undefined) sum.closed += 1;
      if (endsAt === undefined) listed ||= ties.certificates.length > 0;
      if (endsAt === undefined) sum.uncollected += messages;
      if (successor === undefined) sum.withoutSuccessor += 1;
      endings.push({ login: account.login, ...defined({ endsAt, successor }) });
      if (ended.length < TOLD)
        ended.push({ login: account.login, ...defined({ closes: iso(endsAt), successor }), waiting: messages });
    }
  problems.push(...(await successorProblems(context, rows)));
  refuse(problems.sort((a, b) => a.line - b.line));
  // A run that was cut short may have revoked without publishing.
  return { endings, listed: listed || sum.already > 0, view: { ...sum, contactOf: [...reached].sort(), ended } };
}

/** The end of grace is counted from now: given again on the same day it is the same end. */
function isSo({ account: { state, endsAt: ends } }: AccountSummary, endsAt: Instant | undefined): boolean {
  if (state === 'ended') return true;
  return ends !== undefined && endsAt !== undefined && ends <= endsAt && endsAt < ends + days(1);
}

/** A successor takes mail, and does not end by the same file. */
async function successorProblems({ store: { registry } }: AdminContext, rows: readonly Row[]): Promise<CsvProblem[]> {
  const problems: CsvProblem[] = [];
  const going = new Set(rows.map((row) => row.login));
  const checked = new Map<string, string | undefined>();
  for (const { line, successor } of rows) {
    if (successor === undefined) continue;
    const key = addressKey(successor);
    if (!checked.has(key)) {
      const found = await registry.findRecipient(key);
      const ends = found !== undefined && going.has(found.account.login);
      const why = ends ? 'its account ends by this file' : successorProblem(found);
      checked.set(key, why);
    }
    const why = checked.get(key);
    if (why !== undefined)
      problems.push({ line, text: `"${successor}" cannot be a successor: ${why}; name another address` });
  }
  return problems;
}

/** Two operators who sign must have seen this very file: what they sign for has its checksum in it. */
async function signedRows(
  { secondPerson }: AdminContext,
  upload: AsyncIterable<string>,
  { sha256, ...defaults }: Defaults & { readonly sha256: string | undefined },
): Promise<readonly Row[]> {
  const hash = createHash('sha256');
  const hashed = async function* (): AsyncGenerator<string, void, undefined> {
    for await (const piece of upload) {
      hash.update(piece);
      yield piece;
    }
  };
  const rows = await rowsOf(hashed(), defaults);
  const differs = sha256 !== undefined && hash.digest('hex') !== sha256;
  if (differs || (sha256 === undefined && secondPerson.includes('end')))
    throw new AdminError(
      'invalid',
      'Cannot end accounts: the file is not the one that the request has the checksum of',
    );
  return rows;
}

async function endMany(
  context: AdminContext,
  { dryRun, ...defaults }: Defaults & { readonly dryRun: boolean; readonly sha256: string | undefined },
  { upload, actor, progress }: Call,
): Promise<EndingsView> {
  if (upload === undefined) throw new AdminError('invalid', 'Cannot end accounts: no file came with the request');
  const { endings, listed, view } = await planOf(context, await signedRows(context, upload, defaults));
  let done = 0;
  if (!dryRun)
    for (const part of partsOf(endings, MAX_ACCOUNTS)) {
      await context.store.registry.endAccounts(part, actor);
      progress((done += part.length), endings.length);
    }
  const problem = listed && !dryRun ? await tryToPublish(context.ca) : undefined;
  return { ...view, applied: !dryRun, ...defined({ problem }) };
}

export const accountEndManyOperations = {
  'account.end-many': endingBy(
    change((input) => ({ ...endingInput(input), sha256: optionalText(input, 'sha256', 64) }), endMany),
  ),
};
