/**
 * Writers and readers as in a real region. They work at the same time and use any gateway that
 * answers, over SMTP, POP3 and the API, with the patience of real clients.
 *
 *   const crew = new Crew({ fronts, writers: names('w', 16), mailboxes: names('m', 4) });
 *   crew.start();
 *   ... kill, cut, promote ...
 *   const verdict = judge(await crew.stop());
 *
 * A writer sends a message until it has a final answer, if need be at another gateway. Mail
 * programs do so within minutes, these writers within a moment. A reader fetches what it does not
 * have, deletes some of it, and keeps what it was told; some sessions break off by themselves.
 * history.ts judges the history.
 */
import type { History, Pickup, Submission } from './history.ts';
import { type Instance, addressOf } from './instance.ts';
import { Ledger } from './ledger.ts';
import { ApiReader, Pop3Reader, type ReaderParts, collectAll } from './crew-readers.ts';
import { ApiWriter, SmtpWriter, type WriterParts } from './crew-writers.ts';
import { chance } from './chance.ts';
import type { WireTarget } from './wire.ts';

/** A gateway, or what stands in front of several, as clients reach it. */
export interface Front {
  readonly name: string;
  readonly smtp: WireTarget;
  readonly pop3: WireTarget;
  readonly api: WireTarget;
}

/** The ports of an instance, with `api` as the port of its listener of the API (`apiListener`). */
export function frontOf(instance: Instance, name: string, api: number): Front {
  const [smtp, pop3, https] = [
    instance.target('submissions'),
    instance.target('pop3s'),
    instance.target('submissions'),
  ];
  return { name, smtp, pop3, api: { ...https, port: api } };
}

export const namesOf = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);

export interface CrewOptions {
  readonly fronts: readonly Front[];
  /** Accounts that send; every fourth one uses the API. */
  readonly writers: readonly string[];
  /**
   * Accounts that receive. Each has two readers. In every other mailbox, one of them is a worker
   * that uses the API.
   */
  readonly mailboxes: readonly string[];
  /** Milliseconds that an answer may take. A gateway that hangs for longer counts as lost. */
  readonly patience?: number;
  /** Milliseconds between two messages of a writer, and between two sessions of a reader. */
  readonly rest?: number;
}

/** State that all members share. */
export interface CrewState {
  readonly ledger: Ledger;
  readonly rest: number;
  readonly stopping: boolean;
  anyFront(): Front;
}

export class Crew implements CrewState {
  readonly ledger = new Ledger(addressOf('crew'));
  readonly rest: number;
  readonly #options: CrewOptions;
  readonly #submissions: Submission[] = [];
  readonly #pickups: Pickup[] = [];
  readonly #fronts: readonly Front[];
  #writing: Promise<unknown> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();
  #stopped: 'no' | 'writers' | 'all' = 'no';
  #acknowledged = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.rest = options.rest ?? 40;
    const patience = options.patience ?? 10_000;
    this.#fronts = options.fronts.map(({ name, smtp, pop3, api }) => ({
      ...{ name, smtp: { ...smtp, patience }, pop3: { ...pop3, patience }, api: { ...api, patience } },
    }));
  }

  /** Number of messages whose `250` or 201 was read. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  get stopping(): boolean {
    return this.#stopped === 'all';
  }

  anyFront(): Front {
    return chance.pick(this.#fronts);
  }

  start(): void {
    const { writers, mailboxes } = this.#options;
    const writing: WriterParts = {
      ...{ crew: this, mailboxes, wanted: () => this.#stopped === 'no' },
      record: (submission) => this.#submissions.push(submission),
      acknowledged: () => (this.#acknowledged += 1),
    };
    const reading: ReaderParts = { crew: this, record: (pickup) => this.#pickups.push(pickup) };
    this.#writing = Promise.all(
      writers.map((name, n) => new (n % 4 === 3 ? ApiWriter : SmtpWriter)(writing, name).run()),
    );
    this.#reading = Promise.all(
      mailboxes.flatMap((name, n) => [
        new Pop3Reader(reading, name).run(),
        new (n % 2 === 1 ? ApiReader : Pop3Reader)(reading, name).run(),
      ]),
    );
    // Whoever awaits `stop` sees the failure. Until then it must not count as unhandled.
    for (const part of [this.#writing, this.#reading]) part.catch(() => undefined);
  }

  /**
   * Ends the crew: each writer continues until it knows the end of its last message. Then the
   * readers stop, and every mailbox is read at every gateway.
   */
  async stop(): Promise<History> {
    this.#stopped = 'writers';
    await this.#writing;
    this.#stopped = 'all';
    await this.#reading;
    const record = (pickup: Pickup): void => void this.#pickups.push(pickup);
    await collectAll({ crew: this, record }, this.#fronts, this.#options.mailboxes);
    return { submissions: this.#submissions, pickups: this.#pickups.toSorted((a, b) => a.begun - b.begun) };
  }
}
