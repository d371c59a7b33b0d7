/**
 * The port for accounts that go to another organisation, on SQLite. The account changes hands in
 * one transaction; its mail follows in steps, with other work between them, while both mailboxes
 * stay closed. A move that was cut short goes on when the store is opened again.
 */
import type { Clock, Log, Timer } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import { minutes, seconds } from '../../domain/units.ts';
import type { AccountMove, AccountMoved, AccountMoves, AccountReferences, MailboxShare } from '../account-moves.ts';
import { type Actor, THE_GATEWAY } from '../actor.ts';
import type { MaildropLocks, MaildropRight } from '../maildrop-locks.ts';
import type { Subjects } from '../objects.ts';
import type { ShareStep } from '../reads/moving-account.ts';
import { StoreFull } from '../store.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { Maildrops } from './maildrops.ts';

export interface AccountMovesParts {
  readonly maildrops: Maildrops;
  readonly mailboxes: Mailboxes;
  readonly subject: Subjects['movingAccount'];
  readonly mail: Subjects['mailboxMoves'];
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Set if other gateways open mailboxes as well: it closes the mailboxes of a move for them, and
   * tells whether a move that one of them left may go on here.
   */
  readonly nodes?: { readonly locks: MaildropLocks; readonly mine: () => boolean };
}

/** Wait before the next try on a full disk. */
const AGAIN = seconds(5);
/** How often moves are looked for that another gateway began before it died. */
const LOOK_EVERY = minutes(1);
const MOVING = { session: 'account-move', network: 'account-move' };
const ignore = (): void => undefined;

function unlessFull(error: unknown): 'full' {
  if (error instanceof StoreFull) return 'full';
  throw error;
}

interface Following {
  /** The right to the maildrop of the source account. */
  readonly right?: MaildropRight | undefined;
  readonly progress?: ((done: number) => void) | undefined;
}

interface Followed {
  readonly moved: MailboxShare & { readonly held: number };
  readonly left: MailboxShare;
}

const wantedOf = ({ login, organisation, since, endsAt }: AccountMove): AccountMove => ({
  login,
  organisation,
  since,
  endsAt,
});

export class CoreAccountMoves implements AccountMoves {
  readonly #p: AccountMovesParts;
  readonly #following = new Set<Promise<unknown>>();
  #stopped = false;
  /** Calls that end the pauses under way. */
  readonly #pauses = new Set<() => void>();
  /** Mailboxes whose mail this gateway moves. */
  readonly #own = new Set<AccountId>();
  #timer: Timer | undefined;

  constructor(parts: AccountMovesParts) {
    this.#p = parts;
  }

  /**
   * Goes on with moves that a crash or a stop cut short; resolves when their mailboxes are closed.
   * If there are other gateways it looks again each minute. A move that one of them works on is
   * left alone: that gateway holds the maildrop of the source until it dies.
   */
  async resume(): Promise<void> {
    const { subject, nodes, log } = this.#p;
    for (const { source, target } of await subject.pending()) {
      if (this.#own.has(source)) continue;
      const right = await nodes?.locks.lock(source, MOVING);
      if (right === 'in-use') continue;
      log.info('store.move-resumed', { source, target });
      this.#closed([source, target], this.#follow(source, target, THE_GATEWAY, { right: right?.right }));
    }
    if (nodes !== undefined) this.#lookLater(nodes.mine);
  }

  #lookLater(mine: () => boolean): void {
    if (this.#stopped) return;
    this.#timer = this.#p.clock.after(LOOK_EVERY, () => {
      if (!mine()) return this.#lookLater(mine);
      this.resume().catch((error: unknown) => {
        this.#p.log.warn('store.move-not-resumed', { why: String(error) });
        this.#lookLater(mine);
      });
    });
  }

  /** Stops between two steps. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const end of this.#pauses) end();
    await Promise.all(this.#following);
  }

  async plan(move: AccountMove): Promise<AccountReferences & Pick<AccountMoved, 'moved' | 'left'>> {
    const found = await this.#p.subject.plan(wantedOf(move));
    const [moved, left] = [
      { messages: 0, octets: 0 },
      { messages: 0, octets: 0 },
    ];
    for (let after: number | null = -1; after !== null;) {
      const step: ShareStep = await this.#p.subject.share(found.account, move.since, after);
      for (const [sum, more] of [
        [moved, step.moved],
        [left, step.left],
      ] as const) {
        sum.messages += more.messages;
        sum.octets += more.octets;
      }
      after = step.next;
    }
    return { ...found.references, moved: { ...moved, held: 0 }, left };
  }

  async move(move: AccountMove, actor: Actor, progress?: (done: number) => void): Promise<AccountMoved> {
    const { subject, maildrops } = this.#p;
    // The plan names the session that is to be ended; the change looks the account up again.
    const found = await subject.plan(wantedOf(move));
    let result: Promise<AccountMoved> | undefined;
    await maildrops.move(found.account, async (told) => {
      const { account, former, references } = await subject.move(wantedOf(move), actor);
      const following = this.#follow(former.account, account, actor, { progress });
      told([former.account, account], following.then(ignore, ignore));
      result = following.then((followed) => ({ ...references, account, former, ...followed }));
      result.catch(ignore);
    });
    if (result === undefined) throw new Error('the move has no answer');
    return await result;
  }

  #closed(mailboxes: readonly AccountId[], following: Promise<unknown>): void {
    this.#p.maildrops.keepClosed(mailboxes, following.then(ignore, ignore));
  }

  /** Follows a move. `actor`: who asked for it; after a restart it is the gateway. */
  #follow(source: AccountId, target: AccountId, actor: Actor, how: Following): Promise<Followed> {
    this.#own.add(source);
    const following = this.#under(source, actor, how).finally(() => this.#own.delete(source));
    const known = following.catch((error: unknown) => {
      if (!this.#stopped)
        this.#p.log.error('store.move-failed', { source, target, why: error instanceof Error ? error.message : '' });
    });
    this.#following.add(known);
    void known.finally(() => this.#following.delete(known));
    return following;
  }

  /**
   * While the move is under way no other gateway opens the mailbox or works on the move. A session
   * that another gateway has open does not stop it.
   */
  async #under(source: AccountId, actor: Actor, { right, progress }: Following): Promise<Followed> {
    const taken = right ?? (await this.#p.nodes?.locks.lock(source, MOVING).catch(() => undefined));
    const held = taken === undefined || taken === 'in-use' ? undefined : 'right' in taken ? taken.right : taken;
    try {
      return await this.#steps(source, actor, () => held?.renew(), progress);
    } finally {
      await held?.release();
    }
  }

  /** The disk is full: mail that has not moved waits until there is space. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#p.clock.after(AGAIN, end);
      this.#pauses.add(end);
    });
  }

  async #steps(
    source: AccountId,
    actor: Actor,
    alive: () => void,
    progress?: (done: number) => void,
  ): Promise<Followed> {
    const { mail, mailboxes } = this.#p;
    const moved = { messages: 0, octets: 0, held: 0 };
    for (let more = true; more;) {
      if (this.#stopped) throw new Error('The store closes; the move continues when it is opened again');
      alive();
      const step = await mail.follow(source, actor).catch(unlessFull);
      if (step === 'full') {
        await this.#pause();
        continue;
      }
      Object.assign(moved, step.followed);
      progress?.(moved.messages);
      ({ more } = step);
    }
    const { messages = 0, octets = 0 } = (await mailboxes.of(source)) ?? {};
    return { moved, left: { messages, octets } };
  }
}
