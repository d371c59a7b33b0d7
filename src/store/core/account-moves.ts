/**
 * The port for accounts that go to another organisation, on SQLite. The writer changes hands in one transaction; what follows goes in steps,
 * with other work between them, while both mailboxes stay closed. Cut short, it goes on when the store is opened again.
 */
import type { Clock, Log } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import { seconds } from '../../domain/units.ts';
import type { AccountMove, AccountMoved, AccountMoves, AccountTies, MailboxShare } from '../account-moves.ts';
import { type Actor, THE_GATEWAY } from '../actor.ts';
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
}

/** Before the next try on a full disk. */
const AGAIN = seconds(5);
const ignore = (): void => undefined;

function unlessFull(error: unknown): 'full' {
  if (error instanceof StoreFull) return 'full';
  throw error;
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
  /** What ends the pauses that are under way. */
  readonly #pauses = new Set<() => void>();

  constructor(parts: AccountMovesParts) {
    this.#p = parts;
  }

  /** Goes on with what a crash or an end cut short; resolves when the mailboxes are closed for it. */
  async resume(): Promise<void> {
    for (const { source, target } of await this.#p.subject.pending()) {
      this.#p.log.info('store.move-resumed', { source, target });
      this.#closed([source, target], this.#follow(source, target, THE_GATEWAY));
    }
  }

  /** Ends between two steps. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#pauses) end();
    await Promise.all(this.#following);
  }

  async plan(move: AccountMove): Promise<AccountTies & Pick<AccountMoved, 'moved' | 'left'>> {
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
    return { ...found.ties, moved: { ...moved, held: 0 }, left };
  }

  async move(move: AccountMove, actor: Actor, progress?: (done: number) => void): Promise<AccountMoved> {
    const { subject, maildrops } = this.#p;
    // For the session that it ends; the change finds the account again.
    const found = await subject.plan(wantedOf(move));
    let result: Promise<AccountMoved> | undefined;
    await maildrops.move(found.account, async (told) => {
      const { account, former, ties } = await subject.move(wantedOf(move), actor);
      const following = this.#follow(former.account, account, actor, progress);
      told([former.account, account], following.then(ignore, ignore));
      result = following.then((followed) => ({ ...ties, account, former, ...followed }));
      result.catch(ignore);
    });
    if (result === undefined) throw new Error('the move has no answer');
    return await result;
  }

  #closed(mailboxes: readonly AccountId[], following: Promise<unknown>): void {
    this.#p.maildrops.keepClosed(mailboxes, following.then(ignore, ignore));
  }

  /** `actor`: who asked for the move; what goes on after a restart the gateway does. */
  #follow(source: AccountId, target: AccountId, actor: Actor, progress?: (done: number) => void): Promise<Followed> {
    const following = this.#steps(source, actor, progress);
    const known = following.catch((error: unknown) => {
      if (!this.#stopped)
        this.#p.log.error('store.move-failed', { source, target, why: error instanceof Error ? error.message : '' });
    });
    this.#following.add(known);
    void known.finally(() => this.#following.delete(known));
    return following;
  }

  /** The disk is full: mail that is here already waits until there is room. */
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

  async #steps(source: AccountId, actor: Actor, progress?: (done: number) => void): Promise<Followed> {
    const { mail, mailboxes } = this.#p;
    const moved = { messages: 0, octets: 0, held: 0 };
    for (let more = true; more;) {
      if (this.#stopped) throw new Error('The store closes; the move goes on when it is opened again');
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
