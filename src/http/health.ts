/**
 * Whether the gateway should get new sessions now, for a load balancer, and why not.
 *
 * `/live` says that the process answers at all. `/ready` says that mail sent here would be taken,
 * and that no listener shows a certificate that has ended; `/ready?role=` says it of one thing that
 * clients come for. 503 sends new sessions to another gateway.
 */
import {
  ALWAYS_READY,
  READY_ROLES,
  type Readiness,
  type ReadyNote,
  type ReadyRole,
  type Reason,
} from '../domain/readiness.ts';
import type { Instant } from '../domain/units.ts';
import type { StoreHealth } from '../store/store.ts';

type Protocol = 'smtp' | 'pop3' | 'ldap' | 'https' | 'enrolment' | 'console' | 'self-service';

export interface HealthFacts {
  /** The process is stopping. */
  readonly draining: boolean;
  /** Since when an operator keeps new sessions away. */
  readonly drainedSince?: Instant;
  readonly store: Pick<StoreHealth, 'failed' | 'free'>;
  /** Certificates of the open listeners. */
  readonly certificates: readonly {
    readonly listener: string;
    readonly protocol: Protocol;
    readonly from: Instant;
    readonly until: Instant;
  }[];
  readonly readiness?: Readiness;
  readonly now: Instant;
}

/**
 * By which protocols each role is reached, and whether it needs room on the disk: the reserve is
 * there for what is deleted when it is full.
 */
const ROLES: Readonly<Record<ReadyRole, { readonly protocols: readonly Protocol[]; readonly room: boolean }>> = {
  submit: { protocols: ['smtp', 'https'], room: true },
  pickup: { protocols: ['pop3', 'https'], room: false },
  serve: { protocols: ['pop3', 'https'], room: false },
};

/** Of one role; of none: those of `submit`, and the certificates of every listener. */
export function reasonsAgainst(facts: HealthFacts, role?: ReadyRole): readonly Reason[] {
  const { draining, drainedSince, store, certificates, readiness = ALWAYS_READY, now } = facts;
  const { protocols, room } = ROLES[role ?? 'submit'];
  const reasons: Reason[] = [];
  if (draining) reasons.push({ name: 'draining', text: 'the gateway is stopping and takes no new sessions' });
  if (drainedSince !== undefined)
    reasons.push({
      name: 'drained',
      text: `since ${new Date(drainedSince).toISOString()} an operator keeps new sessions away; "sluis drain --end" ends it`,
    });
  if (store.failed) reasons.push({ name: 'store-failed', text: 'the store accepts nothing more; see store.failed' });
  // `free` leaves the reserve out.
  else if (room && store.free <= 0)
    reasons.push({ name: 'disk-full', text: 'only the reserve is left; free space on the disk' });
  reasons.push(...readiness.against(role ?? 'submit'));
  for (const { listener, protocol, from, until } of certificates)
    if ((role === undefined || protocols.includes(protocol)) && (now < from || now >= until))
      reasons.push({
        name: 'certificate',
        text: `that of listener "${listener}" ${now < from ? 'is not valid before' : 'ended on'} ${new Date(now < from ? from : until).toISOString().slice(0, 10)}`,
      });
  return reasons;
}

export interface ReadyAnswer {
  readonly status: number;
  readonly body: string;
}

/** Most octets of a query that is looked at. */
const MAX_QUERY = 256;

/**
 * Answers `/ready` with what stands behind its `?`. `role`: one of them. `drained`: the status in
 * place of 503 where nothing but a drain is the reason; HAProxy takes 404 as "send nothing new,
 * leave what runs" (http-check disable-on-404), and cuts the sessions of a server that is down.
 * `names`: no texts, for whoever asks from another machine. `notes` stand below `ready`.
 */
export function answerReady(
  query: string,
  reasons: (role?: ReadyRole) => readonly Reason[],
  names = false,
  notes: readonly ReadyNote[] = [],
): ReadyAnswer {
  const asked = new URLSearchParams(query.slice(0, MAX_QUERY));
  const given = asked.get('role');
  const role = READY_ROLES.find((one) => one === given);
  if (given !== null && role === undefined)
    return { status: 400, body: `there is no such role; expected ${READY_ROLES.join(', ')}\n` };
  const against = reasons(role);
  const lines = (all: readonly (Reason | ReadyNote)[]): string =>
    all.map(({ name, text }) => (names ? `${name}\n` : `${name}: ${text}\n`)).join('');
  if (against.length === 0) return { status: 200, body: `ready\n${lines(notes)}` };
  const drained = against.every(({ name }) => name === 'draining' || name === 'drained');
  return {
    status: drained && asked.get('drained') === '404' ? 404 : 503,
    body: `not ready\n${lines(against)}`,
  };
}
