/**
 * Where one recipient's copy goes: into a mailbox, to a partner, or, while the addressee is away,
 * to the substitute.
 *
 * A substitute is one step: the substitute's own absence is not looked at, and could not overlap
 * (store/absences.ts). A substitute who can take no mail for good, such as one that was suspended
 * since, does not cost the addressee the message: it is filed as if nobody were away.
 */
import type { Absence } from '../domain/absence.ts';
import { type Address, addressKey, needsUtf8 } from '../domain/address.ts';
import { type RecipientDecision, addressedAway, decideReach, decideRoom, quoted } from '../domain/policy.ts';
import { type Refusal, isTransient } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import type { Octets } from '../domain/units.ts';
import { isoDay, lastDayBefore } from '../domain/working-days.ts';
import type { Account } from '../domain/registry.ts';
import type { Addressee } from '../middleware/middleware.ts';
import type { Recipient } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import type { AcceptedRecipient } from '../store/acceptance.ts';
import type { HandledAbsence } from './absence-notices.ts';
import type { Filling } from './fullness.ts';

export interface Asked {
  /** The account that submits. */
  readonly by: Pick<Account, 'id' | 'kind'>;
  readonly address: Address;
  readonly notify?: readonly string[];
  readonly originalRecipient?: string;
  /** SIZE parameter of MAIL; 0 if the sender gave none. */
  readonly declared: Octets;
  readonly smtpUtf8: boolean;
  /** Whether what protects messages can serve a recipient; `at`: where the copy would go. */
  readonly permits?: (at: Address, found: Recipient) => Promise<Refusal | undefined>;
}

/** One way that a copy can go. */
export interface CopyRoute extends Addressee {
  readonly maxMessage: Octets;
  /** Quota of the mailbox that the copy is filed in; absent: it goes to a partner. */
  readonly quota?: Octets;
  readonly nearlyFull?: Filling;
}

export interface RoutedAbsence {
  readonly addressee: Address;
  readonly absence: Absence;
  readonly substitute: Address;
  /** The way for a copy that is encrypted for the addressee. */
  readonly own: CopyRoute | { readonly refusal: Refusal };
}

export type Route =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | {
      readonly kind: 'taken';
      readonly copyRoute: CopyRoute;
      readonly away?: RoutedAbsence;
      /** A note for the sender, one line of ASCII. */
      readonly note?: string;
      /** Why the substitute of a current absence was passed over, for the log. */
      readonly substituteRefused?: Refusal;
    };

export async function routeOf(registry: Registry, asked: Asked): Promise<Route> {
  const found = reachable(asked, await registry.findRecipient(addressKey(asked.address)));
  const refusal = decideReach(asked.address, found, asked.smtpUtf8);
  if (refusal !== undefined || found === undefined) return refusedWith(refusal);
  const { absence } = found;
  if (absence?.mode === 'refuse')
    return refusedWith(addressedAway(asked.address, absence, isoDay(lastDayBefore(absence.until))));
  const own = copyRouteOf(asked, found, asked.address);
  const substitute = absence?.substitute;
  if (absence === undefined || substitute === undefined) return taken(await permitted(asked, own));

  const other = await registry.findRecipient(addressKey(substitute));
  const unreachable = decideReach(substitute, other, asked.smtpUtf8);
  const copyRoute =
    unreachable !== undefined || other === undefined
      ? { refusal: unreachable }
      : await permitted(asked, copyRouteOf(asked, other, substitute));
  if ('refusal' in copyRoute) {
    if (copyRoute.refusal !== undefined && isTransient(copyRoute.refusal)) return refusedWith(copyRoute.refusal);
    const alone = taken(await permitted(asked, own));
    return alone.kind === 'refused' || copyRoute.refusal === undefined
      ? alone
      : { ...alone, substituteRefused: copyRoute.refusal };
  }
  const last = isoDay(lastDayBefore(absence.until));
  return {
    kind: 'taken',
    copyRoute,
    away: { addressee: asked.address, absence, substitute, own },
    note: `${quoted(asked.address)} is away up to and including ${last}; the message goes to ${quoted(substitute)}`,
  };
}

/**
 * The probe account writes to itself alone and nobody else writes to it: to each other they are
 * unknown.
 */
function reachable({ by }: Asked, found: Recipient | undefined): Recipient | undefined {
  const isProbe = found?.account.kind === 'probe' || by.kind === 'probe';
  return isProbe && found?.account.id !== by.id ? undefined : found;
}

const taken = (copyRoute: CopyRoute | { readonly refusal: Refusal }): Route =>
  'refusal' in copyRoute ? refusedWith(copyRoute.refusal) : { kind: 'taken', copyRoute };

const refusedWith = (refusal: Refusal | undefined): Extract<Route, { kind: 'refused' }> => {
  if (refusal === undefined) throw new Error('a recipient that was not found was not refused');
  return { kind: 'refused', refusal };
};

/** Not asked about the way for what the sender encrypted: that needs no protection of ours. */
async function permitted(
  { permits }: Asked,
  copyRoute: CopyRoute | { readonly refusal: Refusal },
): Promise<CopyRoute | { readonly refusal: Refusal }> {
  if ('refusal' in copyRoute) return copyRoute;
  const refusal = await permits?.(copyRoute.to.address, copyRoute.registered);
  return refusal === undefined ? copyRoute : { refusal };
}

/** `at`: the address that the copy goes to, the addressee's own or the substitute's. */
function copyRouteOf(asked: Asked, found: Recipient, at: Address): CopyRoute | { readonly refusal: Refusal } {
  const decision: RecipientDecision = decideRoom(at, found, asked.declared);
  if (decision.kind === 'refused') return { refusal: decision.refusal };
  const instead = at !== asked.address;
  // RFC 3461 section 4.2: the address that the sender wrote must not be lost when the copy goes to
  // another one.
  const original =
    asked.originalRecipient ?? (instead && !needsUtf8(asked.address) ? `rfc822;${asked.address}` : undefined);
  const to: AcceptedRecipient = {
    address: at,
    ...(found.partner === undefined ? { mailbox: found.account.id } : { partner: found.partner.id }),
    ...(asked.notify === undefined ? {} : { notify: asked.notify }),
    ...(original === undefined ? {} : { originalRecipient: original }),
    ...(instead ? { substituteFor: asked.address } : {}),
  };
  const { login } = found.account;
  return {
    to,
    registered: found,
    maxMessage: decision.maxMessage,
    ...(found.partner === undefined ? { quota: decision.quota } : {}),
    ...(decision.nearlyFull ? { nearlyFull: { login, used: found.used, quota: decision.quota } } : {}),
  };
}

export interface SettledRoutes {
  readonly recipients: readonly CopyRoute[];
  readonly handled: readonly HandledAbsence[];
}

/**
 * Called when the header was read: a copy that is encrypted for an absent addressee stays with the
 * addressee. A refusal is for the whole message.
 */
export function settleRoutes(
  routes: readonly { readonly copyRoute: CopyRoute; readonly away?: RoutedAbsence }[],
  encrypted: boolean,
): Result<SettledRoutes, Refusal> {
  const recipients: CopyRoute[] = [];
  const handled: HandledAbsence[] = [];
  for (const { copyRoute, away } of routes) {
    if (away === undefined) {
      recipients.push(copyRoute);
      continue;
    }
    const { addressee, absence, substitute, own } = away;
    if (encrypted && 'refusal' in own) return fail(own.refusal);
    const way = encrypted && !('refusal' in own) ? own : copyRoute;
    const { notify } = way.to;
    recipients.push(way);
    handled.push({
      addressee,
      from: absence.from,
      until: absence.until,
      substitute,
      went: encrypted ? 'kept' : 'substitute',
      ...(notify === undefined ? {} : { notify }),
    });
  }
  return ok({ recipients, handled });
}

/** Note on absent recipients for the reply to DATA. */
export function keptNote(handled: readonly HandledAbsence[]): string | undefined {
  const kept = handled.filter(({ went }) => went === 'kept');
  const [first] = kept;
  if (first === undefined) return undefined;
  return kept.length === 1
    ? `it is encrypted for ${quoted(first.addressee)}, who is away: it waits there, ${quoted(first.substitute)} did not get it`
    : `it is encrypted for ${kept.length} addressees who are away: it waits for them, their substitutes did not get it`;
}
