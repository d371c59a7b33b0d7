/** What acceptances name: all that they rest on, of the whole batch and each of it once. */
import type { AcceptWork } from '../changes/accept-work.ts';
import { instant } from '../../domain/units.ts';
import { REQUESTS_FOR } from '../acceptance.ts';
import { firstIdAt } from '../message-ids.ts';

const HASH = 16;

/** A work and all that is filed with it. */
export const allOf = (work: AcceptWork): readonly AcceptWork[] => [
  work,
  ...work.copies,
  ...work.notices.flatMap(allOf),
];

export const nameOf = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');

export const requestOf = ({ hashes }: NonNullable<AcceptWork['request']>): { key: Buffer; digest: Buffer } => {
  const octetsOf = Buffer.from(hashes, 'latin1');
  return { key: octetsOf.subarray(0, HASH), digest: octetsOf.subarray(HASH) };
};

/** The first of each key, in the order of keys: PostgreSQL refuses one key twice in an INSERT. */
function firsts<T>(all: readonly T[], keyOf: (one: T) => string): readonly T[] {
  const byKey = new Map<string, T>();
  for (const one of all) if (!byKey.has(keyOf(one))) byKey.set(keyOf(one), one);
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

export const rising = (values: Iterable<number>): readonly number[] =>
  [...new Set(values)].filter(Boolean).sort((a, b) => a - b);

/** What the works name, each list in the order in which its rows are locked. */
export function namesOf(works: readonly AcceptWork[]) {
  const all = works.flatMap(allOf);
  const boxes = rising(all.flatMap(({ mailboxes }) => mailboxes));
  const earliest = Math.min(...works.map(({ receivedAt }) => receivedAt));
  return {
    requests: firsts(
      works.flatMap(({ id, request }) =>
        request === null ? [] : [{ id, answer: request.answer, ...requestOf(request) }],
      ),
      ({ key }) => nameOf(key),
    ),
    resubmissions: firsts(
      all.flatMap(({ id, receivedAt: at, resubmission }) =>
        resubmission === null ? [] : [{ id, at, key: resubmission.key }],
      ),
      ({ key }) => nameOf(key),
    ),
    notices: firsts(
      all.flatMap(({ once, receivedAt: at }) => (once === null ? [] : [{ once, at }])),
      ({ once }) => once,
    ),
    boxes,
    owners: rising(all.flatMap(({ owners }) => owners)).filter((owner) => !boxes.includes(owner)),
    submitters: rising(works.map(({ submitter }) => submitter)),
    keys: [...new Set(all.flatMap(({ keys }) => keys))].sort(),
    partners: rising(all.flatMap(({ partners }) => partners)),
    streamed: all.filter(({ body }) => body === null).map(({ id }) => id),
    // Each notice that stays out has a row.
    numbers: all.reduce((n, { audit, notices }) => n + audit.length + notices.length, 0),
    oldest: firstIdAt(instant(Math.max(0, earliest - REQUESTS_FOR))),
  };
}

export type Names = ReturnType<typeof namesOf>;
