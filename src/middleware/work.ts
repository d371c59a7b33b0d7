/**
 * One message's share of the work that steps do: it takes its account's turn before its octets are
 * first read, and ends when its client has gone.
 *
 * Whatever a step does it reads or writes octets for, so the turn is taken and the end is seen
 * there, and no step need know of either. A message that no step reads takes no turn.
 */
import type { BodyWriter, SealedBody } from '../store/body.ts';
import type { FairSlots, Slot } from '../platform/fair-slots.ts';

/** The client has gone, or there is no room: the message is refused for now. */
export class WorkEnded extends Error {
  override readonly name = 'WorkEnded';
  readonly why: 'gone' | 'busy';

  constructor(why: 'gone' | 'busy') {
    super(why === 'gone' ? 'The client has gone' : 'Too many messages wait to be protected or opened');
    this.why = why;
  }
}

export class Work {
  readonly #slots: FairSlots;
  readonly #turn: unknown;
  readonly #signal: AbortSignal | undefined;
  #slot: Promise<Slot> | undefined;

  constructor(slots: FairSlots, turn: unknown, signal: AbortSignal | undefined) {
    this.#slots = slots;
    this.#turn = turn;
    this.#signal = signal;
  }

  /** The same octets; each slice of them is read only while somebody waits for what comes of it. */
  body(body: SealedBody): SealedBody {
    return { ...body, slices: () => this.#slices(body) };
  }

  writer(writer: BodyWriter): BodyWriter {
    return {
      id: writer.id,
      get written() {
        return writer.written;
      },
      write: async (slice) => {
        this.#check();
        await writer.write(slice);
      },
      seal: async () => this.body(await writer.seal()),
      abort: () => writer.abort(),
    };
  }

  /** Gives the turn to the next. */
  end(): void {
    // A job that was not let in has no slot to give back.
    this.#slot?.then(
      (slot) => slot.free(),
      () => undefined,
    );
  }

  async *#slices(body: SealedBody): AsyncGenerator<Uint8Array, void, void> {
    await (this.#slot ??= this.#begin());
    for await (const slice of body.slices()) {
      this.#check();
      yield slice;
    }
  }

  async #begin(): Promise<Slot> {
    const taken = await this.#slots.take(this.#turn, this.#signal);
    if (typeof taken === 'string') throw new WorkEnded(taken);
    return taken;
  }

  #check(): void {
    if (this.#signal?.aborted === true) throw new WorkEnded('gone');
  }
}
