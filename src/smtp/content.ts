/**
 * The content of a message, from the 354 to the reply behind the final dot.
 *
 * RFC 5321 section 4.1.1.4. The reply says that the message is filed, or why it is not; it waits
 * for the store whatever happens meanwhile. Content that is refused is read on to its end, since a
 * client listens only then, but not for ever.
 */
import type { Log } from '../domain/effects.ts';
import { quirkRefusal } from '../domain/quirks.ts';
import { type Refusal, filled } from '../domain/refusal.ts';
import type { Milliseconds } from '../domain/units.ts';
import { RateWatch } from '../platform/deadline.ts';
import { ContentQuirks } from '../submission/content-quirks.ts';
import type { Delivery, Submission } from '../submission/submission.ts';
import { type MessageOutcome, type SmtpAnswers, classOf } from './answers.ts';
import { type ContentDecoder, DataDecoder } from './data-decoder.ts';
import { fault } from './fault.ts';
import { LfDecoder } from './lf-decoder.ts';
import type { SmtpLimits } from './limits.ts';
import type { DataReceiver, SubmissionParser } from './parser.ts';
import { replies, successes } from './replies.ts';
import type { Reply } from './wire.ts';

/** The connection, as far as a content needs it. */
export interface ContentLine {
  /** Aborted when the line has broken. */
  readonly signal: AbortSignal;
  say(command: 'DATA', reply: Reply): void;
  /** The message was answered, so commands are read again. `filed`: it was accepted. */
  answered(filed: boolean): void;
  /** Closes the connection once what was said has left. */
  close(): void;
}

export interface ContentParts {
  readonly limits: Pick<SmtpLimits, 'maxMessage' | 'dataMinimum' | 'dataInterval'>;
  readonly answers: SmtpAnswers;
}

/**
 * After a refusal in the content, this much more of it is read and thrown away before the line is
 * cut: the client may be endless.
 */
const PATIENCE_OCTETS = 10_000_000;

export class Content {
  readonly #parts: ContentParts;
  readonly #line: ContentLine;
  readonly #log: Log;
  readonly #rate: RateWatch;
  #delivery: Delivery | undefined;
  #decoder: ContentDecoder | undefined;
  #account: string | undefined;
  #filing = false;
  #counted = false;
  #messages = 0;

  constructor(parts: ContentParts, line: ContentLine, log: Log) {
    this.#parts = parts;
    this.#line = line;
    this.#log = log;
    this.#rate = new RateWatch(parts.limits.dataMinimum, parts.limits.dataInterval);
  }

  /** From the 354 to the reply behind the final dot. */
  get open(): boolean {
    return this.#delivery !== undefined;
  }

  /** The final dot has come: the reply must wait for the store, whatever happens. */
  get filing(): boolean {
    return this.#filing;
  }

  /** Messages that were filed. */
  get messages(): number {
    return this.#messages;
  }

  tooSlow(now: Milliseconds): boolean {
    return this.open && !this.#filing && this.#rate.tooSlow(now);
  }

  /**
   * The refusal for content that came too slowly: a message, or its end from a client that does not
   * end it as the standard says.
   */
  slowness(): Refusal {
    if (this.#decoder?.seemsEnded !== true) return replies.slowData;
    this.#delivery?.quirks.refused('lf-only');
    return quirkRefusal('lf-only');
  }

  /** Answers DATA with 354 and takes what comes. */
  begin(
    parser: SubmissionParser,
    { account }: Submission['submitter'],
    delivery: Delivery,
    now: Milliseconds,
    lfOnly: boolean,
  ): void {
    const decoder = lfOnly ? new LfDecoder() : new DataDecoder(delivery.quirks.tolerates('line-ends'));
    if (lfOnly) delivery.quirks.meet('lf-only');
    this.#decoder = decoder;
    this.#delivery = delivery;
    this.#account = account.login;
    this.#counted = false;
    this.#rate.begin(now);
    parser.startData(decoder, this.#receiver(delivery, decoder));
    this.#line.say('DATA', successes.data);
  }

  /**
   * The line broke. A message that was whole by then is not given up here: what only has to be
   * filed is filed, and work that it needs before that, such as encryption, ends by the signal.
   */
  interrupted(): void {
    const delivery = this.#delivery;
    if (delivery === undefined || this.#filing) return;
    this.#count('interrupted');
    this.#log.info('smtp.interrupted', {
      message: delivery.id,
      octets: delivery.incoming.submitted,
      account: this.#account,
    });
    void delivery.abort();
  }

  #receiver(delivery: Delivery, decoder: ContentDecoder): DataReceiver {
    const { incoming } = delivery;
    const patience = this.#parts.limits.maxMessage + PATIENCE_OCTETS;
    const quirks = new ContentQuirks(delivery, decoder.met, decoder instanceof DataDecoder);
    return {
      write: (slice) => {
        quirks.add(slice);
        this.#rate.add(slice.length);
        const waiting = incoming.write(slice);
        if (incoming.refusal !== undefined && incoming.submitted > patience) this.#cut(incoming.refusal);
        if (waiting === undefined) return undefined;
        this.#rate.hold(true);
        return waiting.finally(() => this.#rate.hold(false));
      },
      end: async () => {
        quirks.end();
        await this.#file(delivery, decoder);
      },
    };
  }

  async #file(delivery: Delivery, decoder: ContentDecoder): Promise<void> {
    let taken = false;
    this.#filing = true;
    try {
      const filed = await delivery.file(this.#line.signal);
      if (filed.ok) {
        this.#messages += 1;
        const { id, note, again } = filed.value;
        this.#count(again === undefined ? 'accepted' : 'duplicate');
        if (again === undefined) this.#parts.answers.octets += delivery.incoming.submitted;
        const success = again === undefined ? successes.accepted : successes.acceptedAgain;
        this.#line.say('DATA', {
          ...success,
          text: `${filled(success.text, { id })}${note === undefined ? '' : `; ${note}`}`,
        });
        taken = true;
        this.#noteQuirk(delivery, decoder);
      } else this.#refuse(filed.error);
    } catch (error) {
      this.#refuse(fault(this.#log, 'DATA', error));
    }
    this.#filing = false;
    this.#delivery = undefined;
    this.#line.answered(taken);
  }

  /**
   * The content was refused long ago and does not end: the reply comes now, and the line is cut.
   */
  #cut(refusal: Refusal): void {
    this.#refuse(refusal);
    this.#line.close();
  }

  #refuse(refusal: Refusal): void {
    this.#count(`refused-${classOf(refusal)}`);
    this.#line.say('DATA', refusal);
  }

  /**
   * Counts one outcome for each message: after a refusal that cut the connection more content may
   * still come, and the connection may break.
   */
  #count(outcome: MessageOutcome): void {
    if (this.#counted) return;
    this.#counted = true;
    this.#parts.answers.messages.add([outcome]);
  }

  #noteQuirk(delivery: Delivery, { met }: ContentDecoder): void {
    if (met.bareCr + met.bareLf > 0)
      this.#log.info('smtp.quirk', {
        quirk: 'line-ends',
        message: delivery.id,
        account: this.#account,
        cr: met.bareCr,
        lf: met.bareLf,
      });
  }
}
