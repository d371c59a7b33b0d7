/**
 * Proves who calls: by a token, or by a client certificate that TLS has checked. Every interface
 * for operators uses it, and none of them judges by itself.
 *
 * A caller who is refused always reads the same text, whatever the reason. So somebody with a
 * stolen token learns neither that it was a real one, nor from which network it would work. The
 * reason stands in the trail.
 */
import { isSameToken, readToken } from '../crypto/keys/operator-token.ts';
import { grouped } from '../crypto/keys/base32.ts';
import { defined } from '../domain/defined.ts';
import { type Proof, type Role, type Standing, commonRole } from '../domain/roles.ts';
import { type Instant, hours } from '../domain/units.ts';
import { NetworkSet } from '../platform/network.ts';
import type { HeldToken, OperatorRecord } from '../store/operators.ts';
import type { Actor } from '../store/actor.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import { type TokenRefusal, refusalRow } from './token-notes.ts';

/** A caller whose name is proven. */
export interface KnownCaller extends Standing {
  readonly name: string;
}

type Parts = Pick<AdminContext, 'store' | 'clock'>;

/**
 * The last use of a token is written at most once an hour. Otherwise a program that asks every
 * minute would cost a commit each time.
 */
const USE_STEP = hours(1);
/** A caller on a Unix socket comes from this machine. */
const OF_THIS_MACHINE = ['127.0.0.1', '::1'];

/**
 * Judges a token. `remote`: the address of the peer; absent over a Unix socket. Undefined if the
 * token is refused.
 *
 * The trail says with each call what a token was used for. A refusal is given to `refused`. The
 * default writes it to the trail at once, which is good enough where strangers cannot come.
 */
export async function authenticate(
  { store, clock }: Parts,
  text: string,
  remote?: string,
  refused: (refusal: TokenRefusal) => void = (one) => store.audit.note(refusalRow(one)),
): Promise<KnownCaller | undefined> {
  const now = clock.now();
  const given = readToken(text);
  const held = given === undefined ? undefined : await store.operators.token(given.id);
  const known = given !== undefined && held !== undefined && isSameToken(given, held) ? held : undefined;
  const why = known === undefined ? 'unknown' : refusal(known, now, remote === undefined ? OF_THIS_MACHINE : [remote]);
  if (known === undefined || why !== undefined) {
    const whose = known === undefined ? {} : { token: grouped(known.id), operator: known.operator };
    refused({ why: why ?? 'unknown', ...whose, ...defined({ network: remote }) });
    return undefined;
  }
  if ((known.lastUsedAt ?? 0) + USE_STEP <= now) await store.operators.used(known.id, now);
  return callerOf(known.holder, 'token', known.role);
}

function refusal(
  { endedAt, endsAt, holder, networks }: HeldToken,
  now: Instant,
  from: readonly string[],
): TokenRefusal['why'] | undefined {
  if (endedAt !== undefined || endsAt <= now) return 'ended';
  if (holder.endsAt !== undefined && holder.endsAt <= now) return 'operator ended';
  if (networks.length === 0) return undefined;
  const set = new NetworkSet(networks);
  return from.some((address) => set.has(address)) ? undefined : 'network';
}

/**
 * The operator with this client certificate. `fingerprint`: its SHA-256, in 64 hexadecimal digits.
 * Undefined if no operator who may do anything now has it.
 */
export async function operatorOfCertificate({ store }: Parts, fingerprint: string): Promise<KnownCaller | undefined> {
  const operator = await store.operators.byCertificate(fingerprint.toLowerCase());
  return operator === undefined ? undefined : callerOf(operator, 'certificate', operator.role);
}

const callerOf = ({ name, role, organisation }: OperatorRecord, proof: Proof, scope: Role): KnownCaller => ({
  name,
  proof,
  role: commonRole(role, scope),
  ...defined({ organisation }),
});

/**
 * Who calls, on an interface that lets nobody do more than `role`. A token proves who it is; the
 * caller may then do what both the token and the interface allow. Without a token, the name is what
 * the caller said. Throws AdminError if the token is refused.
 */
export async function callerAt(
  parts: Parts,
  role: Role,
  { actor, token }: { readonly actor: Actor; readonly token: unknown },
): Promise<Pick<Call, 'actor' | 'who'>> {
  if (token === undefined) return { actor, who: { role, proof: 'said' } };
  const known = typeof token === 'string' ? await authenticate(parts, token) : undefined;
  if (known === undefined) throw tokenRefused();
  const { name, ...standing } = known;
  return { actor: { ...actor, name }, who: { ...standing, role: commonRole(role, known.role) } };
}

const tokenRefused = (): AdminError =>
  new AdminError(
    'forbidden',
    'Cannot take this token: it is none, it has ended, or it is not taken from here; the trail says which ("sluis audit list --event operator.token-refused"), and "sluis operator token add" makes another',
  );
