/**
 * Erases the personal fields, who and from where, of rows in the trail before their time is over:
 * of all rows before a moment, or of rows about one person.
 *
 * The personal fields of a row are erased together: a row that names a person among others loses
 * all of them. Rows that the law wants kept (NEN 7513: who logged in, who saw what, who changed
 * what, for five years) stay, unless the caller asks for these too. The right to erasure does not
 * cover them (GDPR article 17 paragraph 3 b).
 */
import { AUDIT_LOG_KINDS, type AuditLogKind } from '../domain/audit-events.ts';
import { withoutQuotes } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import type { Actor } from '../store/actor.ts';
import { type ByKind, erase } from '../trail/erasure.ts';
import type { Belonging } from './belongings.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';

export interface Wanted {
  readonly before?: Instant;
  readonly login?: string;
  readonly person?: string;
  readonly alsoKept: boolean;
}

/** Logs whose rows must be kept for their time. */
const KEPT: readonly AuditLogKind[] = ['access', 'change'];

/** Refused attempts and calls of operators stand in the trail as they were written. */
const folded = (text: string): string => withoutQuotes(text.trim()).toLowerCase();

/**
 * Makes a function that tells whether a row is about the account or contains one of its words, as a
 * whole field or as an entry of a list. True for every row if nobody is named.
 */
async function isAbout(context: AdminContext, wanted: Wanted): Promise<(row: AuditRow) => boolean> {
  const { login, person } = wanted;
  const people: People = { accounts: new Map(), words: new Map() };
  if (person !== undefined) people.words.set(folded(person), [WHOLE]);
  if (login !== undefined) {
    const found = await context.store.registry.findAccount(login);
    if (found === undefined)
      throw new AdminError(
        'unknown',
        `Cannot erase what the trail has of account "${login}": there is none of that name; for one that is gone add --person with its login`,
      );
    addNamesOf({ summary: found, ...WHOLE }, people);
  }
  await writeCounted(context, people);
  if (login === undefined && person === undefined) return () => true;
  return isAboutOneOf(people);
}

/** Part of the trail: the rows after `after`, up to and including `upTo`. */
type Stretch = Pick<Belonging, 'after' | 'upTo'>;
const WHOLE: Stretch = { after: 0, upTo: Number.MAX_SAFE_INTEGER };

/**
 * The people to erase: accounts by number, and every name that leads to one of them, folded. Each
 * has the parts of the trail in which it counts.
 */
interface People {
  readonly accounts: Map<number, Stretch[]>;
  readonly words: Map<string, Stretch[]>;
}

function addNamesOf({ summary: { account, addresses }, after, upTo }: Belonging, { accounts, words }: People): void {
  const stretch = { after, upTo };
  accounts.set(account.id, [...(accounts.get(account.id) ?? []), stretch]);
  for (const name of [account.login, ...addresses.map(({ address }) => address)].map(folded))
    words.set(name, [...(words.get(name) ?? []), stretch]);
}

function isAboutOneOf({ accounts, words }: People): (row: AuditRow) => boolean {
  return ({ seq, account, personal = {} }) => {
    const within = (stretches: readonly Stretch[] = []): boolean =>
      stretches.some(({ after, upTo }) => after < seq && seq <= upTo);
    const names = (value: string): boolean => within(words.get(folded(value)));
    return (
      (account !== undefined && within(accounts.get(account))) ||
      Object.values(personal).some((value) => (typeof value === 'string' ? names(value) : value.some(names)))
    );
  };
}

interface Chosen {
  readonly about: (row: AuditRow) => boolean;
  readonly before: Instant;
  readonly alsoKept: boolean;
  readonly dryRun: boolean;
  readonly progress?: (seq: number) => void;
}

export interface Erased {
  readonly rows: number;
  readonly byLog: ByKind;
  readonly kept: number;
  /** When the time of the last kept row is over; absent if nothing was kept. */
  readonly keptUntil?: Instant;
}

async function eraseChosen(
  { store, clock, auditKeep }: Pick<AdminContext, 'store' | 'clock' | 'auditKeep'>,
  { about, alsoKept, ...erasure }: Chosen,
): Promise<Erased> {
  const now = clock.now();
  let [kept, until] = [0, 0];
  const byLog = await erase(store.audit, {
    ...erasure,
    fromSeq: 1,
    chosen: (row, kind) => {
      if (!about(row)) return false;
      const stays = !alsoKept && KEPT.includes(kind) && row.at >= now - auditKeep[kind];
      if (!stays) return true;
      kept += 1;
      until = Math.max(until, row.at + auditKeep[kind]);
      return false;
    },
  });
  const rows = AUDIT_LOG_KINDS.reduce((sum, kind) => sum + byLog[kind], 0);
  return { rows, byLog, kept, ...(kept === 0 ? {} : { keptUntil: instant(until) }) };
}

/**
 * Erases the people of an organisation that leaves, in one walk over the trail. Rows that must be
 * kept stay. Run it while the registry still has their logins.
 */
export async function erasePeople(
  context: AdminContext,
  people: AsyncIterable<Belonging>,
  actor: Actor,
): Promise<Erased> {
  const { store, clock } = context;
  const found: People = { accounts: new Map(), words: new Map() };
  for await (const belonging of people) addNamesOf(belonging, found);
  await writeCounted(context, found);
  const before = instant(clock.now() + 1);
  const chosen = { about: isAboutOneOf(found), before, alsoKept: false };
  // The number of rows is counted and noted first. After a crash, more is noted than was erased,
  // which `audit verify` accepts; it reports rows that were erased without a note.
  const { rows, kept } = await eraseChosen(context, { ...chosen, dryRun: true });
  if (rows > 0)
    store.audit.note({
      event: 'audit.erased',
      outcome: 'success',
      facts: { rows, kept, alsoKept: false, of: 'one organisation' },
      personal: { actor: actor.name, ...defined({ reason: actor.reason }) },
    });
  return await eraseChosen(context, { ...chosen, dryRun: false });
}

/**
 * Writes rows that are still only counted in memory. Otherwise they would be written later, with
 * the personal fields that were to be erased. They are durable when this resolves.
 */
async function writeCounted({ gateway, store }: AdminContext, { accounts }: Pick<People, 'accounts'>): Promise<void> {
  gateway?.writeCounted((account) => account !== undefined && accounts.has(account));
  // The name may belong to no account, so the counts of everybody are written too.
  gateway?.writeCounted();
  await store.audit.head();
}

/** Erases what is wanted. A dry run only counts. */
export async function eraseWanted(context: AdminContext, wanted: Wanted, call: Call, dryRun: boolean): Promise<Erased> {
  const { store, clock } = context;
  const { audit } = store;
  const { alsoKept, login, person } = wanted;
  if (wanted.before !== undefined && wanted.before > clock.now())
    throw new AdminError('invalid', 'Cannot erase what has not happened yet: expected a moment in the past');
  const { actor } = call;
  const about = await isAbout(context, wanted);
  // Everything before this moment, including the rows that were just written.
  const { before = instant(clock.now() + 1) } = wanted;
  const { seq: end } = await audit.head();
  const chosen = { about, before, alsoKept, progress: (seq: number) => call.progress(seq, end) };
  const counted = await eraseChosen(context, { ...chosen, dryRun: true });
  if (dryRun) return counted;
  // Noted before it is done, for the same reason as above.
  audit.note({
    event: 'audit.erased',
    outcome: 'success',
    // The row does not say who was erased: that would keep what must be forgotten.
    facts: {
      rows: counted.rows,
      kept: counted.kept,
      alsoKept,
      of: login === undefined && person === undefined ? 'everybody' : 'one person',
      ...(wanted.before === undefined ? {} : { before: new Date(before).toISOString() }),
    },
    personal: { actor: actor.name, ...defined({ reason: actor.reason }) },
  });
  return await eraseChosen(context, { ...chosen, dryRun: false });
}
