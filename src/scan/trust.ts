/**
 * Whether clamd's OK can be believed: it answers, and it tells when it met a limit of its own
 * (proof.ts).
 *
 * It is asked for its version every ten seconds, so that a scanner that has gone is known before
 * mail meets it; one that comes back, or is of another version, may have another configuration and
 * is proved again, and each is once a day.
 */
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Instant, type Milliseconds, hours, instant, seconds } from '../domain/units.ts';
import { type LineParts, askClamd } from './line.ts';
import { PROOFS } from './proof.ts';
import { verdictOf } from './verdict.ts';

export type Standing =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'proven' }
  /** `what`: what it was given and said OK of. */
  | { readonly kind: 'silent'; readonly what: string }
  | { readonly kind: 'away'; readonly why: string };

export interface Examined {
  readonly standing: Standing;
  /** Version of the program, such as `ClamAV 1.4.3`. */
  readonly version?: string;
  /** Date of the signatures; absent if they have none. */
  readonly signatures?: Instant;
}

const LOOK_EVERY = seconds(10);
const PROVE_EVERY = hours(24);

/**
 * `ClamAV 1.4.3/27823/Tue Nov 25 09:41:12 2026`: program, number and date of the signatures, by its
 * own clock.
 */
export function readVersion(text: string): Pick<Examined, 'version' | 'signatures'> | undefined {
  const [, version, date] = /^(ClamAV [\w.+~-]{1,40})(?:\/\d{1,9}\/([\w: ]{10,40}))?$/.exec(text) ?? [];
  if (version === undefined) return undefined;
  const at = date === undefined ? Number.NaN : Date.parse(`${date} UTC`);
  return Number.isNaN(at) ? { version } : { version, signatures: instant(at) };
}

async function versionOf(line: LineParts): Promise<Pick<Examined, 'version' | 'signatures'> | string> {
  const answer = await askClamd(line, 'VERSION');
  if (answer.kind === 'failed') return answer.why;
  return readVersion(answer.text) ?? 'it is not a clamd';
}

async function prove(line: LineParts): Promise<Standing> {
  for (const { name, archive } of PROOFS) {
    const answer = await askClamd(line, 'INSTREAM', archive());
    if (answer.kind === 'failed' && answer.because !== 'cut') return { kind: 'away', why: answer.why };
    // Cut in the middle: it takes no streams of 2 MB, and says so.
    const verdict = answer.kind === 'failed' ? { kind: 'too-large' as const } : verdictOf(answer.text);
    if (verdict.kind === 'clean') return { kind: 'silent', what: name };
    if (verdict.kind === 'failed') return { kind: 'away', why: verdict.why };
  }
  return { kind: 'proven' };
}

/** Examines the scanner once, where no gateway watches it. */
export async function examine(line: LineParts): Promise<Examined> {
  const version = await versionOf(line);
  if (typeof version === 'string') return { standing: { kind: 'away', why: version } };
  return { standing: await prove(line), ...version };
}

export class Trust {
  readonly #line: LineParts;
  readonly #clock: Clock;
  readonly #log: Log;
  #examined: Examined = { standing: { kind: 'unknown' } };
  #provedAt: Milliseconds | undefined;
  #proving: Promise<void> | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(line: LineParts, log: Log) {
    this.#line = line;
    this.#clock = line.clock;
    this.#log = log;
  }

  get examined(): Examined {
    return this.#examined;
  }

  /** Begins to examine it, and goes on until `stop`. */
  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Notes that content could not be scanned because the scanner did not answer. */
  away(why: string): void {
    this.#become({ standing: { kind: 'away', why } });
  }

  /**
   * A scanner that answers is proved first, where it is not known yet: whoever asks waits for that.
   */
  async standing(): Promise<Standing> {
    const { kind } = this.#examined.standing;
    if (kind === 'unknown' || kind === 'away') await this.#prove();
    return this.#examined.standing;
  }

  async #look(): Promise<void> {
    const before = this.#examined;
    const version = await versionOf(this.#line);
    if (this.#stopped) return;
    if (typeof version === 'string') this.away(version);
    else {
      const due = this.#provedAt === undefined || this.#clock.monotonic() - this.#provedAt >= PROVE_EVERY;
      const known = before.standing.kind === 'proven' || before.standing.kind === 'silent';
      if (due || !known || before.version !== version.version) await this.#prove();
      else this.#examined = { ...before, ...version };
    }
    this.#timer = this.#clock.after(LOOK_EVERY, () => void this.#look());
  }

  /** Proves the scanner, one proof at a time. The last verdict holds until the proof has ended. */
  #prove(): Promise<void> {
    this.#proving ??= examine(this.#line)
      .then((examined) => {
        this.#provedAt = this.#clock.monotonic();
        this.#become(examined);
      })
      .finally(() => {
        this.#proving = undefined;
      });
    return this.#proving;
  }

  /** Reports a change, once. */
  #become(examined: Examined): void {
    const { standing } = examined;
    const before = this.#examined.standing.kind;
    this.#examined = examined;
    if (this.#stopped || before === standing.kind) return;
    if (standing.kind === 'away') this.#log.warn('scan.away', { why: standing.why });
    else if (standing.kind === 'silent') this.#log.warn('scan.limits-silent', { what: standing.what });
    else this.#log.info('scan.ready', { version: examined.version });
  }
}
