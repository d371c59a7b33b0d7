/**
 * One POP3 session: the states of RFC 1939, and what becomes of a line.
 *
 * AUTHORIZATION until a login has locked the maildrop, TRANSACTION after it, UPDATE inside QUIT.
 * What each command does stands in handlers.ts. The session knows no socket: it answers lines, and
 * sends large answers through its `Wire`.
 */
import type { Authenticator, Peer, UsedPassword } from '../auth/authenticator.ts';
import { passwordStands } from '../auth/candidates.ts';
import type { SaslSession, ScramOffer } from '../auth/sasl-step.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import type { Collector } from '../pickup/evidence.ts';
import { type Maildrop, type MaildropStore, faultOf } from '../pickup/maildrop.ts';
import type { Receipts } from '../pickup/receipts.ts';
import type { ShownChain } from '../platform/client-certificate.ts';
import type { AdmittedConnection } from '../platform/connections.ts';
import type { ClientNetworks } from '../pickup/client-networks.ts';
import type { StuckMessages } from '../pickup/stuck.ts';
import { parseCommand } from './command.ts';
import { dispatch } from './handlers.ts';
import type { Pop3Limits } from './limits.ts';
import type { Line } from './lines.ts';
import { type Exchange, continueExchange } from './login.ts';
import { SessionQuirks } from './quirks.ts';
import { type Trouble, troubles } from './replies.ts';
import { errReply } from './response.ts';
import type { Ending, Next, Wire } from './wire.ts';
import { ConnectionGone } from '../platform/connection-gone.ts';

export interface SessionParts {
  readonly store: MaildropStore;
  /** Counts where mailboxes are fetched from. */
  readonly clientNetworks?: Pick<ClientNetworks, 'note'> | undefined;
  /** Sees that sessions end at the same message again and again. */
  readonly stuck?: Pick<StuckMessages, 'ended' | 'isWatched'> | undefined;
  /** Tells senders that asked for it what was collected. */
  readonly receipts?: Receipts | undefined;
  readonly authenticator: Authenticator;
  readonly limits: Pop3Limits;
  /** The listener offers SCRAM. */
  readonly scram: boolean;
  readonly sent: SentCounts;
  readonly log: Log;
}

/** What RETR sent to its end, over all sessions; for metrics. */
export interface SentCounts {
  messages: number;
  octets: number;
}

export const newSentCounts = (): SentCounts => ({ messages: 0, octets: 0 });

/** What is written for a line; empty if all was sent already. */
export type Reply = string | Buffer;
export type Answer = Reply | Promise<Reply>;

const GO_ON: Next = { kind: 'go on' };
/**
 * Most messages of a session behind which the next command waits, after an earlier session ended at
 * a message: a few minutes in all.
 */
const MOST_WAITED = 100;
/** Endings that come from the client, or from its silence. A client that says QUIT is alive. */
const CLIENTS_END: ReadonlySet<Ending> = new Set(['dropped', 'idle', 'stalled', 'taken-over']);

export class Session {
  readonly parts: SessionParts;
  readonly wire: Wire;
  readonly place: AdmittedConnection;
  peer: Peer;
  /** The maildrop and its account; both are set by the one successful login. */
  drop: Maildrop | undefined;
  account: Account | undefined;
  organisation: Organisation | undefined;
  /**
   * TLS version of the login, for example `TLSv1.3`: when the session ends the socket no longer
   * knows it.
   */
  tls = '';
  /** The login rests on the client's certificate. */
  byCertificate = false;
  /** USER or AUTH was sent: whoever tried another way in is not let in by the certificate alone. */
  triedLogin = false;
  /** The name that USER gave. */
  login: string | undefined;
  /** How the client deviates. */
  readonly quirks: SessionQuirks;
  /** UIDL was asked in this session. */
  knowsUidls = false;
  /** The client closed without QUIT and without an error, and waited for nothing. */
  hungUp = false;
  /** Messages that were fetched whole, or whose fetching began. */
  fetches = 0;
  /** An earlier session of this program ended at a message. */
  #watched: boolean | undefined;
  /** Index of the last message that was fetched; -1: there was none. */
  #fetched = -1;
  /** Number of the command that fetched it. */
  #fetchedBy = 0;
  /** An AUTH exchange that waits for the client's next line. */
  exchange: Exchange | undefined;
  /** The password that opened the session. */
  password: UsedPassword | undefined;
  failedLogins = 0;
  next: Next = GO_ON;
  #bad = 0;
  #commands = 0;

  constructor(parts: SessionParts, wire: Wire, place: AdmittedConnection, peer: Peer) {
    this.parts = parts;
    this.wire = wire;
    this.place = place;
    this.peer = peer;
    this.quirks = new SessionQuirks(parts.store.quirks);
  }

  get scram(): ScramOffer {
    if (!this.parts.scram || !this.wire.secure) return 'none';
    return this.wire.bindable ? 'bound' : 'unbound';
  }

  get sasl(): SaslSession {
    const { parts, peer, wire, scram } = this;
    return { authenticator: parts.authenticator, peer, signal: wire.signal, scram, binding: () => wire.binding };
  }

  /**
   * Answers one line, and sets `next`. Rejects only with ConnectionGone; whatever else goes wrong
   * becomes an answer and an ending.
   */
  answer(line: Line, bareLf = false): Answer {
    this.#commands += 1;
    this.drop?.progress();
    if (this.drop?.lost === true) return this.#takenOver();
    if (typeof line === 'string') return this.#overlong(line);
    const strict = bareLf ? this.quirks.meet('command-lf') : undefined;
    if (strict !== undefined) return this.bad(strict);
    try {
      return this.#guard(this.#dispatch(line));
    } catch (error) {
      return this.failed(error);
    }
  }

  #dispatch(line: Buffer): Answer {
    const { exchange } = this;
    if (exchange !== undefined) {
      this.exchange = undefined;
      return continueExchange(this, exchange, line);
    }
    const command = parseCommand(line);
    return command.ok ? dispatch(this, command.value) : this.bad(command.error);
  }

  /** RFC 2595 section 4: after STLS nothing of what was said before counts. */
  forget(): void {
    this.login = undefined;
    this.exchange = undefined;
    this.quirks.forget();
    this.next = GO_ON;
  }

  /** The handshake is done; `certificate` is what the client showed in it. */
  secured(certificate: ShownChain | undefined): void {
    if (certificate !== undefined) this.peer = { ...this.peer, certificate };
  }

  /** False once the certificate that this login rests on is no longer accepted. */
  async stands(): Promise<boolean> {
    if (!this.byCertificate || this.account === undefined) return true;
    return await this.parts.authenticator.certificateHolds(this.account.id, this.peer);
  }

  /** True while the login holds, by password or certificate. */
  async #holds(): Promise<boolean> {
    const { account, parts } = this;
    const record = account === undefined ? undefined : await parts.store.registry.findLogin(account.login);
    const same = record !== undefined && record.account.id === account?.id && record.account.state === 'active';
    return same && passwordStands(record, this.password) && (await this.stands());
  }

  /**
   * The answer to a line that is no proper command; the last one that is allowed ends the session.
   */
  bad(trouble: Trouble): string {
    this.#bad += 1;
    if (this.#bad < this.parts.limits.badCommands) return errReply(trouble);
    return this.close(errReply(trouble, '; too many such commands, closing'), 'bad-commands');
  }

  close(reply: string, ending: Ending): string {
    this.next = { kind: 'close', ending };
    return reply;
  }

  /**
   * Called after a message was sent. If an earlier session ended at a message, the next command
   * waits a moment, in which the client may fail at this one.
   */
  get waitsBehindMessage(): boolean {
    if (this.#commands !== this.#fetchedBy || this.fetches > MOST_WAITED) return false;
    const { account, organisation, parts, peer } = this;
    if (account === undefined || parts.stuck === undefined) return false;
    this.#watched ??=
      settingOf('stuck-messages', account.settings, organisation?.settings) !== 'off' &&
      parts.stuck.isWatched(account.id, peer.network);
    return this.#watched;
  }

  /** Called when all of a message is about to be sent. */
  fetching(index: number): void {
    this.fetches += 1;
    this.#fetched = index;
    this.#fetchedBy = this.#commands;
  }

  /** Ends the session without sending another octet. */
  cut(ending: Ending): string {
    this.next = { kind: 'cut', ending };
    return '';
  }

  get collector(): Collector {
    return { protocol: 'pop3', address: this.peer.address, tls: this.tls, stands: () => this.#holds() };
  }

  /**
   * Frees the maildrop. Called once, when the connection closes and no command runs, whether its
   * peer has left or not.
   */
  async end(ending: Ending): Promise<void> {
    const { drop } = this;
    const removed = drop === undefined ? 0 : await this.#removeUnasked(drop, ending);
    const counts = drop?.counts;
    await drop?.release(this.collector);
    const deleted = counts === undefined ? undefined : ending === 'quit' ? counts.deleted : removed;
    if (this.fetches > 0) this.#tellStuck(ending, removed);
    this.quirks.end();
    if (drop !== undefined)
      this.parts.clientNetworks?.note(drop.account, this.peer.network, {
        retrieved: counts?.retrieved ?? 0,
        deleted: deleted ?? 0,
      });
    // A peer that only connects and says nothing must not fill the log.
    const silent = this.#commands === 0 || ending === 'displaced' || ending === 'start-time';
    this.parts.log[silent ? 'debug' : 'info']('pop3.ended', {
      session: this.peer.session,
      address: this.peer.address,
      account: this.account?.login,
      ending,
      failedLogins: this.failedLogins || undefined,
      commands: this.#commands,
      retrieved: counts?.retrieved,
      deleted,
      octets: counts?.octets,
    });
  }

  /** Reports whether the client got past the last message that it fetched, or ended at it. */
  #tellStuck(ending: Ending, removed: number): void {
    const { drop, account, organisation, parts } = this;
    if (drop === undefined || account === undefined || parts.stuck === undefined) return;
    const what = settingOf('stuck-messages', account.settings, organisation?.settings);
    if (what === 'off') return;
    const after = settingOf('stuck-after', account.settings, organisation?.settings);
    const last = this.#commands === this.#fetchedBy && removed === 0 && CLIENTS_END.has(ending);
    // After this many messages nobody knows whether the commands came ahead of the answers.
    if (last && this.#watched === true && this.fetches > MOST_WAITED) return;
    const at = last ? drop.stuckAt(this.#fetched, this.knowsUidls) : undefined;
    parts.stuck.ended(
      { account: account.id, network: this.peer.network, what, after },
      { fetches: this.fetches, wasFetched: (uid) => drop.wasFetched(uid), ...defined({ at }) },
    );
  }

  /**
   * QUIRK delete-on-disconnect: some clients drop the line and take that for QUIT. Mail is removed
   * only if the account is set so, after a close in good order, and only messages that were sent to
   * their end. Resolves to the number removed.
   */
  async #removeUnasked(drop: Maildrop, ending: Ending): Promise<number> {
    const { account, organisation } = this;
    if (ending !== 'dropped' || account === undefined || organisation === undefined) return 0;
    const what = settingOf('quirk-delete-on-disconnect', account.settings, organisation.settings);
    if (drop.removable('marked') + drop.removable('retrieved') === 0 || drop.lost) return 0;
    if (what === 'refuse' || !this.hungUp) {
      // A client that marked nothing expected nothing to be removed.
      if (what === 'refuse' && drop.removable('marked') > 0)
        this.parts.store.quirks.note(account.id, 'delete-on-disconnect', 'refused');
      return 0;
    }
    const removed = drop.removable(what);
    try {
      await drop.commitDropped(this.collector, what);
    } catch (error) {
      this.parts.log.warn('pop3.not-removed', { account: account.login, messages: removed, why: String(error) });
      return 0;
    }
    this.quirks.meet('delete-on-disconnect');
    return removed;
  }

  /**
   * The answer to an error in the middle of a command: the peer hears that it may try again, the
   * log hears what it was.
   */
  failed(error: unknown): string {
    const fault = faultOf(error);
    if (fault === 'taken-over') return this.#takenOver();
    if (fault === 'login-ended') return this.close(errReply(troubles.loginEnded), 'login-ended');
    this.parts.log.error('pop3.failed', {
      session: this.peer.session,
      account: this.account?.login,
      error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    });
    return this.close(errReply(fault === 'unknown' ? troubles.unknown : troubles.failed), 'failed');
  }

  #guard(answer: Answer): Answer {
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      if (error instanceof ConnectionGone || this.wire.gone) throw error;
      return this.failed(error);
    });
  }

  #takenOver(): string {
    return this.close(errReply(troubles.takenOver), 'taken-over');
  }

  #overlong(line: 'overlong' | 'flood'): string {
    this.exchange = undefined;
    if (line === 'flood') return this.close(errReply(troubles.lineFlood), 'flood');
    return this.bad(troubles.lineTooLong);
  }
}
