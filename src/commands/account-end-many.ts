/**
 * Ends thousands of accounts from a file, `account[,grace][,successor]`. Every mistake is found
 * before the first account ends; then each part of the file is one transaction. An account that has
 * ended, or already has this end, is left alone. So after an interruption the same file is given
 * again.
 */
import { accountOf } from '../admin/accounts.ts';
import { contactOf, contactsIn } from '../admin/contacts-of.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import type { CsvProblem } from '../domain/csv-problem.ts';
import { refuseLines } from '../admin/csv-table.ts';
import { MAX_GRACE, endOf } from '../admin/ending.ts';
import { successorProblem } from '../admin/successor.ts';
import { addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, days as lengthOf, iso } from '../domain/units.ts';
import { type AccountSummary, type Ending as StoreEnding, MAX_ACCOUNTS } from '../store/registry.ts';
import type { EndingReferences } from '../store/organisation-references.ts';
import { type EndingsView, TOLD, endingsText, endingsView } from './account-end-text.ts';
import { MAX_NAMED, accountColumn, partsOf } from './core/accounts.ts';
import { type RecordOf, recordsOf } from './core/csv.ts';
import { ends, endsAt } from './core/ending.ts';
import { address } from './core/kinds.ts';
import { type Kind, count } from './core/kind.ts';
import { publishing } from './core/publishing.ts';
import { opt } from './core/params.ts';

/** Most lookups at the same time. */
const AT_ONCE = 50;

/** The grace of a line. Unlike `--grace`, it may be 0d: the account ends at once. */
const grace: Kind<number, number> = {
  ...count('days', { max: MAX_GRACE }),
  expected: {
    en: `a number of days from 0 to ${MAX_GRACE}, such as 30d`,
    nl: `een aantal dagen van 0 tot en met ${MAX_GRACE}, zoals 30d`,
  },
  fromText: (written) => (/^\d{1,3}d$/.test(written) ? Number.parseInt(written) : undefined),
};
const columns = {
  ...accountColumn,
  grace: opt(grace, 'how long "resume" can take it back; 0d: not at all'),
  successor: opt(address, 'who takes its mail'),
};
type Line = RecordOf<typeof columns>;
type Ending = StoreEnding & { readonly login: string };
const action = 'end accounts';

interface Planned {
  readonly endings: readonly Ending[];
  /** True if some certificates must go on a revocation list now. */
  readonly listed: boolean;
  readonly view: Omit<EndingsView, 'applied'>;
}

interface Found {
  readonly line: Line;
  readonly summary: AccountSummary;
  readonly references: EndingReferences;
}

async function foundOf(
  { store: { registry } }: AdminContext,
  lines: readonly Line[],
  problems: CsvProblem[],
): Promise<readonly Found[]> {
  const lookUp = async (line: Line): Promise<Found | undefined> => {
    try {
      const summary = await accountOf(registry, line.account);
      return { line, summary, references: await registry.endReferences(summary.account.id) };
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      problems.push({ line: line.line, text: error.message });
      return undefined;
    }
  };
  const found: Found[] = [];
  for (const part of partsOf(lines, AT_ONCE))
    for (const one of await Promise.all(part.map(lookUp))) if (one !== undefined) found.push(one);
  return found;
}

async function planOf(context: AdminContext, lines: readonly Line[], usual: Instant | undefined): Promise<Planned> {
  const problems: CsvProblem[] = [];
  const found = await foundOf(context, lines, problems);
  const contacts = await contactsIn(context.store.registry);
  const reached = new Set<string>();
  const endings: Ending[] = [];
  const view = {
    accounts: lines.length,
    already: 0,
    addresses: 0,
    closed: 0,
    uncollected: 0,
    withoutSuccessor: 0,
    certificates: 0,
    delegations: 0,
    ended: [] as EndingsView['ended'],
  };
  let listed = false;
  for (const { line, summary, references } of found) {
    const { account, addresses, messages } = summary;
    if (account.kind === 'partner')
      problems.push({
        line: line.line,
        text: `a partner logs in with "${account.login}"; "sluis partner end" ends it with all that is pushed there`,
      });
    const at = line.grace === undefined ? usual : endOf(context, line.grace);
    if (isSo(summary, at)) {
      view.already += 1;
      continue;
    }
    const open = addresses.filter(({ state }) => state !== 'ended').map((one) => one.address);
    view.addresses += open.length;
    for (const name of contactOf(contacts, open)) reached.add(name);
    view.certificates += references.certificates.length;
    view.delegations += references.delegations.length;
    if (at === undefined) {
      view.closed += 1;
      view.uncollected += messages;
      listed ||= references.certificates.length > 0;
    }
    const { successor } = line;
    if (successor === undefined) view.withoutSuccessor += 1;
    endings.push({ login: account.login, ...defined({ endsAt: at, successor }) });
    if (view.ended.length < TOLD)
      view.ended.push({ login: account.login, ...defined({ closes: iso(at), successor }), waiting: messages });
  }
  problems.push(...(await successorProblems(context, lines)));
  refuseLines(
    action,
    problems.sort((a, b) => a.line - b.line),
  );
  // An earlier run that was cut short may have revoked certificates without publishing the list.
  return { endings, listed: listed || view.already > 0, view: { ...view, contactOf: [...reached].sort() } };
}

/**
 * True if the account already has this end. A grace is counted from now, so an end that is at most
 * a day earlier counts as the same: the file was given again.
 */
function isSo({ account: { state, endsAt: its } }: AccountSummary, at: Instant | undefined): boolean {
  if (state === 'ended') return true;
  return its !== undefined && at !== undefined && its <= at && at < its + lengthOf(1);
}

/** Checks the successors: each must accept mail, and must not end by the same file. */
async function successorProblems({ store }: AdminContext, lines: readonly Line[]): Promise<CsvProblem[]> {
  const problems: CsvProblem[] = [];
  const going = new Set(lines.map(({ account }) => account));
  const checked = new Map<string, string | undefined>();
  for (const { line, successor } of lines) {
    if (successor === undefined) continue;
    const key = addressKey(successor);
    if (!checked.has(key)) {
      const found = await store.registry.findRecipient(key);
      const itEnds = found !== undefined && going.has(found.account.login);
      checked.set(key, itEnds ? 'its account ends by this file' : successorProblem(found));
    }
    const why = checked.get(key);
    if (why !== undefined)
      problems.push({ line, text: `"${successor}" cannot be a successor: ${why}; name another address` });
  }
  return problems;
}

export const endManyRow = ends({
  about: 'end the accounts of a file with all their addresses',
  in: {},
  upload: { about: 'CSV with the header "account,grace,successor"', needed: true },
  out: endingsView,
  right: 'registry',
  trail: ['registry.account-ending', 'registry.account-state'],
  undo: 'account resume, until the time of grace is over',
  examples: ['--from accounts.csv'],
  confirm: { name: () => 'accounts', what: () => action },
  run: async (context, { successor, dryRun, ...when }, { upload, actor, progress }) => {
    const now = (): Instant => context.clock.now();
    const file = { action, columns, most: MAX_NAMED, now, once: 'account' } as const;
    const read = await recordsOf(upload, file);
    const lines = read.map((line) => ({ ...line, successor: line.successor ?? successor }));
    const { endings, listed, view } = await planOf(context, lines, endsAt(context, { ...when, successor, dryRun }));
    let done = 0;
    if (!dryRun)
      for (const part of partsOf(endings, MAX_ACCOUNTS)) {
        await context.store.registry.endAccounts(part, actor);
        progress((done += part.length), endings.length);
      }
    const problem = listed && !dryRun ? await publishing(context) : undefined;
    return { ...view, applied: !dryRun, ...defined({ problem }) };
  },
  say: (done) => endingsText(done),
});
