/**
 * Erases who and where from the trail before its time: of everything before a moment, or of one person.
 *
 * The personal fields of a row are one: a row that names a person among others loses all of them. What the law asks to be kept (NEN 7513: who
 * came in, who saw what, who changed what, for five years) stays unless the caller says otherwise; a right to erasure does not reach it
 * (GDPR article 17 paragraph 3 b).
 */
import { AUDIT_LOG_KINDS, type AuditLogKind } from '../domain/audit-events.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import { type ByKind, erase } from '../trail/erasure.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { type Input, flag, optionalMoment, optionalText } from './input.ts';
import { change, listing, withSecond } from './operation.ts';

export interface EraseView {
  readonly rows: number;
  readonly byLog: ByKind;
  /** Rows that name the person and were left, since they have to be kept. */
  readonly kept: number;
  readonly dryRun: boolean;
}

interface Wanted {
  readonly before?: Instant;
  readonly login?: string;
  readonly person?: string;
  readonly alsoKept: boolean;
}

/** Logs that have to be kept for their time. */
const KEPT: readonly AuditLogKind[] = ['access', 'change'];

function wantedOf(input: Input): Wanted {
  const before = optionalMoment(input, 'before');
  const login = optionalText(input, 'account');
  const person = optionalText(input, 'person', 320);
  if (before === undefined && login === undefined && person === undefined)
    throw new AdminError(
      'invalid',
      'Cannot erase personal fields without saying whose: expected --before MOMENT, --account LOGIN or --person TEXT',
    );
  return {
    ...(before === undefined ? {} : { before }),
    ...(login === undefined ? {} : { login }),
    ...(person === undefined ? {} : { person }),
    alsoKept: flag(input, 'also-kept'),
  };
}

const folded = (text: string): string => text.trim().toLowerCase();

/** Whether a row is about the account or names one of these words: as a whole field, or as one of a list. */
async function isAbout({ store }: AdminContext, wanted: Wanted): Promise<(row: AuditRow) => boolean> {
  const { login, person } = wanted;
  const words = new Set(person === undefined ? [] : [folded(person)]);
  let account: number | undefined;
  if (login !== undefined) {
    const found = await store.registry.findAccount(login);
    if (found === undefined)
      throw new AdminError(
        'unknown',
        `Cannot erase what the trail has of account "${login}": there is none of that name; for one that is gone add --person with its login`,
      );
    account = found.account.id;
    for (const name of [found.account.login, ...found.addresses.map(({ address }) => address)]) words.add(folded(name));
  }
  if (login === undefined && person === undefined) return () => true;
  const names = (value: string): boolean => words.has(folded(value));
  return ({ account: of, personal = {} }) =>
    (account !== undefined && of === account) ||
    Object.values(personal).some((value) => (typeof value === 'string' ? names(value) : value.some(names)));
}

async function run(context: AdminContext, wanted: Wanted, call: Call, dryRun: boolean): Promise<EraseView> {
  const { store, clock, auditKeep } = context;
  const { audit } = store;
  const now = clock.now();
  const { before = instant(now + 1), alsoKept, login, person } = wanted;
  if (wanted.before !== undefined && before > now)
    throw new AdminError('invalid', 'Cannot erase what has not happened yet: expected a moment in the past');
  const { actor } = call;
  if (actor.reason === undefined && !dryRun)
    throw new AdminError(
      'invalid',
      'Cannot erase personal fields without a reason: it stands in the audit trail; add --reason TEXT',
    );
  const about = await isAbout(context, wanted);
  const mustStay = (row: AuditRow, kind: AuditLogKind): boolean =>
    !alsoKept && KEPT.includes(kind) && row.at >= now - auditKeep[kind];
  const { seq: end } = await audit.head();
  let kept = 0;
  const byLog = await erase(audit, {
    ...{ fromSeq: 1, before, dryRun },
    chosen: (row, kind) => {
      if (!about(row)) return false;
      const stays = mustStay(row, kind);
      if (stays) kept += 1;
      return !stays;
    },
    progress: (seq) => call.progress(seq, end),
  });
  const rows = AUDIT_LOG_KINDS.reduce((sum, kind) => sum + byLog[kind], 0);
  if (!dryRun)
    audit.note({
      event: 'audit.erased',
      outcome: 'success',
      // Who was erased does not stand here: the row would say again what was to be forgotten.
      facts: {
        ...{ rows, kept, alsoKept },
        of: login === undefined && person === undefined ? 'everybody' : 'one person',
        ...(wanted.before === undefined ? {} : { before: new Date(before).toISOString() }),
      },
      personal: { actor: actor.name, ...(actor.reason === undefined ? {} : { reason: actor.reason }) },
    });
  return { rows, byLog, kept, dryRun };
}

export const auditEraseOperations = {
  'audit.erase': withSecond(
    'erase',
    change(wantedOf, (context, wanted, call) => run(context, wanted, call, false)),
  ),
  /** What it would do. */
  'audit.erase.count': listing(wantedOf, (context, wanted, call) => run(context, wanted, call, true)),
};
