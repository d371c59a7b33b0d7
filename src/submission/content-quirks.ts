/**
 * Judges how the octets of a message deviate, while they stream by: line ends, NUL octets, long
 * lines. A deviation that is not tolerated refuses the content.
 */
import { type Quirk, quirkRefusal } from '../domain/quirks.ts';
import type { LineEndCounts } from '../mime/line-ends.ts';
import { LineLengths } from '../mime/line-lengths.ts';
import type { Delivery } from './submission.ts';

export class ContentQuirks {
  readonly #delivery: Pick<Delivery, 'incoming' | 'quirks'>;
  readonly #met: LineEndCounts;
  readonly #lineEnds: boolean;
  readonly #lines = new LineLengths();

  /**
   * `met`: the counts of line ends that the decoder keeps while it cuts slices. `lineEnds`: false
   * if the client was allowed other line ends before.
   */
  constructor(delivery: Pick<Delivery, 'incoming' | 'quirks'>, met: LineEndCounts, lineEnds: boolean) {
    this.#delivery = delivery;
    this.#met = met;
    this.#lineEnds = lineEnds;
  }

  /** Looks at canonical octets before they are stored. */
  add(slice: Buffer): void {
    this.#lines.add(slice);
    this.#judge();
  }

  end(): void {
    this.#lines.end();
    this.#judge();
  }

  #judge(): void {
    const { nul, bareCr, bareLf } = this.#met;
    this.#judgeOne('nul', nul);
    if (this.#lineEnds) this.#judgeOne('line-ends', bareCr + bareLf);
    this.#judgeOne('long-lines', this.#lines.long);
  }

  #judgeOne(quirk: Quirk, met: number): void {
    if (met === 0) return;
    const { incoming, quirks } = this.#delivery;
    if (quirks.tolerates(quirk)) quirks.meet(quirk, met);
    else incoming.refuse(quirkRefusal(quirk));
  }
}
