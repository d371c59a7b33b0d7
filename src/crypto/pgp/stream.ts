/**
 * A job of the OpenPGP thread as a generator: the caller pulls, the thread pushes, and one slice is
 * in between.
 */
import { PgpFailure } from './failure.ts';
import type { Pgp } from './pgp.ts';

type Slices = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Packets of the encrypted content. Throws PgpFailure, and what the content throws. */
export async function* encryptedPackets(
  pgp: Pick<Pgp, 'run'>,
  content: Slices,
  keys: { readonly secretKeys: readonly Uint8Array[]; readonly publicKeys: readonly Uint8Array[] },
): AsyncGenerator<Uint8Array, void, void> {
  const { secretKeys, publicKeys } = keys;
  const hand = new Hand();
  const work = pgp
    .run({ kind: 'encrypt', secretKeys, publicKeys }, { input: content, output: (slice) => hand.give(slice) })
    .finally(() => hand.end());
  // `work` is awaited below; until then its rejection must not count as unhandled.
  work.catch(() => undefined);
  try {
    for (let slice = await hand.take(); slice !== undefined; slice = await hand.take()) yield slice;
  } finally {
    hand.drop();
  }
  const outcome = await work;
  if (!outcome.ok) throw new PgpFailure(outcome.error.kind, outcome.error.text);
}

/**
 * Holds one slice at most; `give` waits until the slice was taken and the next one is asked for.
 */
class Hand {
  #slice: Uint8Array | undefined;
  #given: (() => void) | undefined;
  #taken: (() => void) | undefined;
  #over = false;
  #dropped = false;

  /** Gives a slice. Rejects when nobody takes any more. */
  async give(slice: Uint8Array): Promise<void> {
    if (this.#dropped) throw new PgpFailure('busy', 'Nobody takes the rest of the content');
    this.#slice = slice;
    const taken = new Promise<void>((resolve) => (this.#taken = resolve));
    this.#given?.();
    await taken;
  }

  end(): void {
    this.#over = true;
    this.#given?.();
  }

  drop(): void {
    this.#dropped = true;
    this.#taken?.();
  }

  async take(): Promise<Uint8Array | undefined> {
    this.#taken?.();
    if (this.#slice === undefined && !this.#over) await new Promise<void>((resolve) => (this.#given = resolve));
    const slice = this.#slice;
    this.#slice = undefined;
    return slice;
  }
}
