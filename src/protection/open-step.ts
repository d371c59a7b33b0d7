/**
 * A step that opens one protocol: it looks whether the message is of that protocol, and where
 * opening it begins.
 */
import type { Layer } from '../crypto/smime/layer.ts';
import { type Seen, lookThrough } from '../crypto/smime/look-through.ts';
import { readMessage } from '../crypto/smime/message.ts';
import type { BodyWriters, Copy, Middleware, StepOutcome, Submitted } from '../middleware/middleware.ts';
import { type OpenEffects, type Opener, letsOpen, openCopies, rootOf } from './open-copies.ts';

export interface Openable<K> {
  readonly name: `${Opener<K>['by']}-open`;
  /** Told by the outermost part alone. */
  readonly wants: (content: Submitted['content']) => boolean;
  /** Told by what lies below signatures in the clear. */
  readonly isOurs: (seen: Seen) => boolean;
  /** A signature in the clear of this protocol. */
  readonly signature: Layer['kind'];
  readonly opener: Opener<K>;
}

export const openStep = <K>(effects: OpenEffects, openable: Openable<K>): Middleware => ({
  name: openable.name,
  wants: ({ content, recipients }) => openable.wants(content) && recipients.some(letsOpen),
  run: (submitted, copies, bodies) => run(effects, openable, submitted, copies, bodies),
});

async function run<K>(
  effects: OpenEffects,
  { isOurs, signature, opener }: Openable<K>,
  submitted: Submitted,
  copies: readonly Copy[],
  bodies: BodyWriters,
): Promise<StepOutcome> {
  const read = await readMessage(submitted.body);
  if (!read.ok) return { kind: 'passed', copies };
  const seen = await lookThrough(read.value, submitted.content);
  if (!isOurs(seen)) return { kind: 'passed', copies };
  const root = await rootOf(read.value, seen, signature);
  return await openCopies(opener, { effects, submitted, given: read.value, root, bodies }, copies);
}
