/**
 * Carries out every POST at most once: it has a key that its caller chose, and a request that comes
 * again under the same key is not carried out again (decision 1804).
 *
 * A request that did nothing frees its key, so that a client can correct it, or wait a minute, and
 * send it under the same key again. A request that may have done something keeps its key: sent
 * again, it gets the answer that was given, or a 409 that says to look before asking again.
 */
import { createHash } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { type KeyEnd, type KeyState, MAX_KEPT_ANSWER } from '../../store/idempotency.ts';
import type { Store } from '../../store/port/store.ts';
import type { Answer } from './answer.ts';
import type { Streamed } from './body.ts';
import type { Caller } from './callers.ts';
import { type Problem, problem, problemOf } from './problem.ts';
import type { Asked, Route } from './route.ts';
import type { ApiServices } from './services.ts';

type Parts = Pick<ApiServices, 'store' | 'random' | 'log'>;

/** Added to an answer that was given before. */
export const REPLAYED = 'Idempotency-Replayed';
/** Seconds after which a repeated request may ask again whether the first is done. */
const SOON = 2;
/**
 * Most octets of a streamed body (a CSV file) that is recognised by its content. It is held in
 * memory until it was read whole.
 */
export const MAX_COLLECTED = 4 * 1024 * 1024;

/** The answer to the request, made by `run` or kept from before. Throws Problem. */
export async function answeredOnce(
  route: Pick<Route, 'method' | 'path' | 'idempotent'>,
  asked: Asked,
  services: Parts,
  run: (asked: Asked) => Promise<Answer>,
): Promise<Answer> {
  if (route.method !== 'POST' || route.idempotent === 'own') return await run(asked);
  const { keys } = keysOf(services);
  const given = await withDigest(route, asked);
  const caller = callerName(asked);
  const key = hash(asked.idempotencyKey ?? '');
  const request = Buffer.from(given.digest, 'hex');
  const state = await keys.begin({ caller, key, request, run: keysOf(services).run });
  if (state.kind !== 'begun') return before(state, route);
  let answer: Answer;
  try {
    answer = await run(given.asked);
  } catch (error) {
    const refused = problemOf(error, asked.id);
    await settled(services, () => (didNothing(refused) ? keys.forget(caller, key) : keys.end(caller, key, 'unknown')));
    throw error;
  }
  await settled(services, () =>
    isPending(answer) ? keys.forget(caller, key) : keys.end(caller, key, endOf(route, answer)),
  );
  return answer;
}

/**
 * A random value for each process, since a process cannot know what became of a request that
 * another one began.
 */
const runs = new WeakMap<Store, string>();

function keysOf({ store, random }: { readonly store: Store; readonly random: RandomBytes }): {
  readonly keys: Store['idempotency'];
  readonly run: string;
} {
  let run = runs.get(store);
  if (run === undefined) runs.set(store, (run = Buffer.from(random(12)).toString('hex')));
  return { keys: store.idempotency, run };
}

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * The name under which a caller's keys are kept. A caller without a login is known by its network,
 * of which the store gets only a hash.
 */
function callerName({ caller, remote }: { readonly caller: Caller | undefined } & Pick<Asked, 'remote'>): string {
  if (caller?.kind === 'account') return `account:${caller.account.id}`;
  // Tomorrow an operator's name may belong to another person. So the answer to an operator of one
  // organisation is not given to one of another.
  if (caller?.kind === 'operator') return `operator:${caller.name}:${caller.organisation ?? ''}`;
  return `nobody:${hash(remote.network).toString('hex').slice(0, 24)}`;
}

/**
 * True for a refusal by which nothing was done. After an unknown failure, or one of another server,
 * anything may have been done.
 */
const didNothing = ({ status }: Problem): boolean => status < 500 || status === 503;

/**
 * True if another person must agree first, so that nothing was done yet. The same request may come
 * again under the same key, and is carried out once it is approved.
 */
const isPending = ({ status }: Answer): boolean => status === 202;

function before(state: Exclude<KeyState, { readonly kind: 'begun' }>, { path }: Pick<Route, 'path'>): Answer {
  if (state.kind === 'kept') {
    const kept = JSON.parse(state.answer) as Answer;
    return { ...kept, headers: { ...kept.headers, [REPLAYED]: 'true' } };
  }
  switch (state.kind) {
    case 'running':
      throw problem(
        409,
        'still-running',
        'The same request is under way',
        'The gateway is still working on a request with this Idempotency-Key; send it again in a moment to get its answer',
        { retryAfter: SOON },
      );
    case 'done':
      throw problem(
        409,
        'already-done',
        'This request was done already',
        `The request with this Idempotency-Key was done, and its answer is not kept: it showed a secret, or was too large; look at what there is below ${path}, and ask again with a new key only if that is not what you want`,
      );
    case 'unknown':
      throw problem(
        409,
        'outcome-unknown',
        'The gateway does not know whether this was done',
        `A request with this Idempotency-Key was begun, and the gateway stopped or failed before it ended; look at what there is below ${path}, and send it with a new key if it was not done`,
      );
    case 'another':
      throw problem(
        422,
        'key-reused',
        'The Idempotency-Key was used for another request',
        'A key belongs to one method, path and body for 24 hours; make a new one for each request',
      );
    case 'full':
      throw problem(
        429,
        'too-many-keys',
        'Too many requests with keys',
        'The gateway cannot remember another key for you; each ends 24 hours after it was used',
        { retryAfter: 3600 },
      );
  }
}

function endOf({ idempotent }: Pick<Route, 'idempotent'>, answer: Answer): KeyEnd {
  if (idempotent === 'secret' || 'stream' in answer) return 'done';
  const kept = JSON.stringify(answer);
  return Buffer.byteLength(kept) > MAX_KEPT_ANSWER ? 'done' : { answer: kept };
}

/**
 * Notes how a request ended. What was done stays done, even if that cannot be noted: a request
 * whose key is left as begun is never carried out again.
 */
async function settled({ log }: Parts, note: () => Promise<void>): Promise<void> {
  try {
    await note();
  } catch (error) {
    log.warn('api.key-not-noted', { why: String(error) });
  }
}

const isStreamed = (body: unknown): body is Streamed =>
  typeof body === 'object' && body !== null && 'octets' in body && 'type' in body;

/**
 * Gives the digest of a request. A streamed body has to be read whole for that, so it is read
 * first, and handed on from memory.
 */
async function withDigest(
  { method, path }: Pick<Route, 'method' | 'path'>,
  asked: Asked,
): Promise<{ readonly digest: string; readonly asked: Asked }> {
  if (asked.digest !== undefined) return { digest: asked.digest, asked };
  const { body } = asked;
  const either = (body as { readonly stream?: unknown } | undefined)?.stream;
  const streamed = isStreamed(body) ? body : isStreamed(either) ? either : undefined;
  if (streamed === undefined) throw new Error(`Route ${method} ${path} has neither a digest nor a stream`);
  const pieces: Buffer[] = [];
  let octets = 0;
  const hashed = createHash('sha256').update(
    `${method} ${path} ${JSON.stringify([asked.params, asked.query], text)}\n`,
  );
  for await (const piece of streamed.octets) {
    octets += piece.length;
    if (octets > MAX_COLLECTED)
      throw problem(413, 'too-large', 'The request is too large', `At most ${MAX_COLLECTED} octets are accepted here`);
    hashed.update(piece);
    pieces.push(piece);
  }
  const collected: Streamed = { ...streamed, octets: inPieces(pieces), length: octets };
  return {
    digest: hashed.digest('hex'),
    asked: { ...asked, body: isStreamed(body) ? collected : { stream: collected } },
  };
}

/** JSON has no bigint, but ids of messages are bigints. */
const text = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

async function* inPieces(pieces: readonly Buffer[]): AsyncGenerator<Buffer, void, void> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}
