/**
 * Files works in the transaction that there is: one statement writes the messages and locks what
 * they rest on, the rules decide in their order, one writes the rest.
 */
import type { AcceptWork, Notices } from '../changes/accept-work.ts';
import { ChangeEffects } from '../changes/changed.ts';
import type { Unfiled } from '../core/engine.ts';
import { FilingRules, withCurrentTargets } from '../core/filing-rules.ts';
import type { Change } from '../sql/sql.ts';
import { type Box, type LockedRows, lockRows, readBoxes } from './filing-locks.ts';
import { corrections, expectedOf, takeBack } from './filing-messages.ts';
import { allOf } from './filing-names.ts';
import { readRepeats } from './filing-repeats.ts';
import { PostgresFilingTables } from './filing-tables.ts';
import { write } from './filing-write.ts';
import type { Lane } from './lane.ts';
import type { UsageNotes } from './usage.ts';

/** What a connection files with. */
export interface FilingParts {
  readonly lane: Lane;
  readonly usage: UsageNotes;
  /** See FilingLineParts; left out for what nobody judged. */
  readonly follows?: (judged: number, now: number) => boolean;
  /** When all is read and locked. */
  readonly locked?: () => void;
}

export interface Filed {
  readonly changed: ChangeEffects;
  readonly unfiled: Unfiled | undefined;
}

/** Of acceptances. Their figures wait in a row of their own. */
export function* fileBatch(works: readonly AcceptWork[], parts: FilingParts): Change<readonly Filed[]> {
  const at = Math.max(...works.map(({ receivedAt }) => receivedAt));
  return yield* file(works, parts, { at, wait: true }, (rules) =>
    works.map((work) => {
      const changed = new ChangeEffects();
      return { unfiled: rules.accept(changed, work), changed };
    }),
  );
}

/** Of notices within a change; their figures are the change's. */
export function* fileNotices(notices: Notices, at: number, changed: ChangeEffects, parts: FilingParts): Change<void> {
  if (notices.length === 0) return;
  yield* file(notices, parts, { at, wait: false }, (rules) => rules.notices(notices, at, changed));
}

function* file<T>(
  works: readonly AcceptWork[],
  { lane, usage, follows = () => true, locked: isLocked }: FilingParts,
  { at, wait }: { readonly at: number; readonly wait: boolean },
  decide: (rules: FilingRules<Box>) => T,
): Change<T> {
  yield* lane.begin();
  // Within a change nothing waits behind: its notices are written when they are decided.
  const early = wait ? expectedOf(works) : [];
  const locked = yield* lockRows(works, { early, more: wait ? 0 : works.length });
  isLocked?.();
  yield* readLeads(works, locked);
  const before = [...locked.submitted.values()].flatMap((known) => (known === undefined ? [] : [known.message]));
  const tables = new PostgresFilingTables({ locked, repeats: yield* readRepeats(before), usage, follows });
  const decided = decide(new FilingRules(tables));
  const { items, messages } = tables.writes;
  const { wrong, late } = corrections(early, messages);
  yield* takeBack(wrong);
  lane.give(locked.numbers);
  for (const item of items) {
    lane.add(item);
    usage.row(item);
  }
  yield* write(tables, {
    late,
    trail: lane.take(),
    sums: wait ? waiting(usage, locked) : null,
    lane: lane.number,
    at,
  });
  return decided;
}

/**
 * Mailboxes that works lead to by now and do not name: their accounts were taken over since RCPT.
 */
function* readLeads(works: readonly AcceptWork[], locked: LockedRows): Change<void> {
  if (locked.takenOver.size + locked.partners.size === 0) return;
  const looks = {
    wasTakenOver: (account: number) => locked.takenOver.has(account),
    target: (key: string) => locked.addresses.get(key),
  };
  const led = works.flatMap(allOf).flatMap((work) => withCurrentTargets(looks, work).mailboxes);
  const missing = [...new Set(led)].filter((account) => account !== 0 && !locked.boxes.has(account));
  if (missing.length > 0) yield* readBoxes(missing, locked);
}

/**
 * Figures by the organisation that each account belongs to in this transaction; null: there are
 * none.
 */
function waiting(usage: UsageNotes, { organisations }: LockedRows): string | null {
  const sums = usage.take().flatMap((its) => {
    const organisation = organisations.get(its.account);
    return organisation === undefined ? [] : [{ ...its, organisation }];
  });
  return sums.length === 0 ? null : JSON.stringify(sums);
}
