/**
 * Finds the primary among the servers that are configured: all are asked at once, and one that is
 * in recovery is none.
 *
 * Two may call themselves primary, where the old one lives on or has come back: of these the one
 * with the higher timeline counts, as a promotion begins a new one. The answer is remembered until
 * somebody finds that server lost. Whoever asks meanwhile shares one look, and after a look in vain
 * the next one waits a little, at most a second, so that many connections that are made again do
 * not ask all at once.
 */
import type { Clock } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds, seconds } from '../../domain/units.ts';
import { StoreUnavailable } from '../store.ts';
import { type Access, type Server, placeOf } from './access.ts';
import { ConnectProblem, connectProblem } from './connect-problem.ts';
import { Session } from './session.ts';

export interface Primary {
  readonly server: Server;
  readonly timeline: number;
}
/** A primary, or why a server is none. */
export type Seen = Primary | ConnectProblem;

export class NoPrimary extends StoreUnavailable {
  override readonly name = 'NoPrimary';
  readonly problems: readonly ConnectProblem[];

  constructor(problems: readonly ConnectProblem[]) {
    const each = problems.map(({ server, why, remedy }) => `${server}: ${why} (${remedy})`).join('; ');
    super(`No server of PostgreSQL can be the primary: ${each === '' ? 'none is configured' : each}`);
    this.problems = problems;
  }
}

export interface FinderOptions {
  readonly servers: readonly Server[];
  readonly access: Access;
  /** As in SessionOptions. */
  readonly name: string;
  readonly clock: Clock;
  readonly connectWithin?: Milliseconds;
  /** Replaces questions over the network, in tests. */
  readonly look?: (server: Server) => Promise<Seen>;
}

const FIRST_PAUSE = milliseconds(50);
const LONGEST_PAUSE = seconds(1);

export class PrimaryFinder {
  readonly #options: FinderOptions;
  #current: Server | undefined;
  #looking: Promise<Server> | undefined;
  #pause = FIRST_PAUSE;
  #notBefore = -Infinity;
  #wake: (() => void) | undefined;

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** The primary that was found last and not lost since. */
  get current(): Server | undefined {
    return this.#current;
  }

  /**
   * The one that is remembered, or what a look finds. Rejects with NoPrimary; may be called again
   * at once, it waits by itself.
   */
  find(): Promise<Server> {
    if (this.#current !== undefined) return Promise.resolve(this.#current);
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** That server does not answer as the primary any more: the next `find` looks again. */
  lost(server: Server): void {
    if (this.#current === server) this.#current = undefined;
  }

  /**
   * Somebody saw that another server is the primary: whoever waits for the next look gets it at
   * once.
   */
  found(server: Server): void {
    this.#current = server;
    this.#wake?.();
  }

  async #look(): Promise<Server> {
    const { servers, clock } = this.#options;
    await this.#waitUntilNextLook();
    if (this.#current !== undefined) return this.#current;
    const look = this.#options.look ?? ((server: Server) => askPrimary(server, this.#options));
    try {
      const server = choosePrimary(await Promise.all(servers.map(look)));
      this.#pause = FIRST_PAUSE;
      this.#notBefore = -Infinity;
      return (this.#current = server);
    } catch (error) {
      this.#notBefore = clock.monotonic() + this.#pause;
      this.#pause = milliseconds(Math.min(LONGEST_PAUSE, this.#pause * 2));
      throw error;
    }
  }

  async #waitUntilNextLook(): Promise<void> {
    const { clock } = this.#options;
    const wait = this.#notBefore - clock.monotonic();
    if (wait <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.after(milliseconds(wait), resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/** Chooses the primary among the servers that answered. Throws NoPrimary. */
export function choosePrimary(seen: readonly Seen[]): Server {
  const primaries = seen.filter((one): one is Primary => !(one instanceof ConnectProblem));
  const highest = Math.max(...primaries.map(({ timeline }) => timeline));
  const [first, second] = primaries.filter(({ timeline }) => timeline === highest);
  if (first === undefined) throw new NoPrimary(seen.filter((one) => one instanceof ConnectProblem));
  if (second === undefined) return first.server;
  const why = `it calls itself primary, and so does ${placeOf(second.server)}, both on timeline ${highest}`;
  const remedy = 'stop the one that was not promoted, and bring it back with pg_rewind or a full copy';
  throw new NoPrimary([new ConnectProblem(placeOf(first.server), ['read-only', why, remedy])]);
}

/** Never rejects. */
export async function askPrimary(
  server: Server,
  { access, name, connectWithin = seconds(1) }: Pick<FinderOptions, 'access' | 'name' | 'connectWithin'>,
): Promise<Seen> {
  let session: Session | undefined;
  try {
    session = await Session.open(server, access, { name, connectWithin, answerWithin: connectWithin });
    return { server, timeline: session.facts.timeline };
  } catch (error) {
    return connectProblem(placeOf(server), error);
  } finally {
    session?.destroy('it was for one question');
  }
}
