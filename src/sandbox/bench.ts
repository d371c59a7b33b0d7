/**
 * Tries one scenario after the other: the doors in front of a gateway of its own, the mailbox made
 * ready, the program waited for or run, and what it did judged.
 *
 * A scenario ends when enough was seen, when its time is over, or at the signal. What a program
 * opens while the next one is made ready waits for it.
 */
import { lookup } from 'node:dns/promises';
import type { Socket } from 'node:net';
import type { TLSSocket, TLSSocketOptions } from 'node:tls';
import { instant } from '../domain/units.ts';
import { holdsAt, shownChain } from '../platform/client-certificate.ts';
import { tlsLine } from '../platform/tls-line.ts';
import { type Dialogue, type DialogueContext, pause } from './dialogue.ts';
import { type DoorName, type DoorWish, Doors } from './doors.ts';
import { Facts, type Visit } from './facts.ts';
import { HttpsDoor } from './https.ts';
import { type StoredFacts, fetchedAll } from './judge-fetch.ts';
import { sentAll } from './judge-send.ts';
import type { Mail, Placed } from './mails.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { Peer } from './peer.ts';
import { Pop3Dialogue } from './pop3.ts';
import { runProgram } from './run-program.ts';
import { NO_TROUBLE, type Scenario, type Settings, type Stage, type TlsKind, type Trouble } from './scenario.ts';
import { exactOf } from './scenarios/content.ts';
import { LAB } from './scenarios/parts.ts';
import { SmtpDialogue } from './smtp.ts';
import { lookFor } from './stored.ts';
import { type Behind, mailbox, reach } from './upstream.ts';
import { type Receiver, eventsOf, tell } from './webhooks.ts';

export interface BenchParts {
  readonly hostname: string;
  readonly doors: readonly DoorWish[];
  readonly addresses: readonly string[];
  readonly behind: Behind;
  readonly account: { readonly login: string; readonly password: string };
  readonly tls: Readonly<Record<TlsKind, TLSSocketOptions>>;
  readonly settings: Settings;
  /** How long a scenario waits for the program, in milliseconds. */
  readonly patience: number;
  /**
   * How long a program may do once more what it should do once, and how long its connections may
   * outlive it; default: two seconds.
   */
  readonly linger?: number;
  /** Path where the program stores messages. */
  readonly stored?: string;
  /** What the sandbox runs, by a shell, when something is to be fetched or sent. */
  readonly commands: { readonly fetch?: string; readonly send?: string };
  readonly env: Readonly<Record<string, string>>;
  readonly receiver?: Receiver;
  readonly operate: Stage['operate'];
  /**
   * Hands a message to the gateway as the laboratory, for the account or for an address of the
   * hospital; resolves with its mark.
   */
  readonly submit: (mail: Mail, to?: string) => Promise<string>;
  /**
   * Makes the gateway write a receipt for a message of the account; resolves with the mark of that
   * message.
   */
  readonly receipt: () => Promise<string>;
  readonly now: () => number;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

interface Going {
  readonly scenario: Scenario;
  readonly facts: Facts;
  readonly trouble: Trouble;
  placed: readonly Placed[];
}

/** Runs of a command for one scenario. */
const MAX_RUNS = 8;
const LINGER = 2000;

export class Bench {
  readonly #parts: BenchParts;
  readonly #doors: Doors;
  readonly #https: HttpsDoor;
  readonly #since = Date.now();
  readonly #linger: number;
  #going: Going | undefined;
  #ready: Promise<void> = Promise.resolve();
  #open = (): void => undefined;
  #away: Promise<void> = Promise.resolve();
  #removed = new Set<string>();

  constructor(parts: BenchParts) {
    this.#parts = parts;
    this.#linger = parts.linger ?? LINGER;
    this.#https = new HttpsDoor(parts.behind);
    this.#doors = new Doors(parts.tls, (door, socket, secure) => {
      this.#come(door, socket, secure).catch(() => socket.destroy());
    });
    this.#hold();
  }

  /** Opens the doors; resolves to the addresses that this machine does not have. */
  open(): Promise<readonly string[]> {
    return this.#doors.open(this.#parts.doors, this.#parts.addresses);
  }

  get ports(): ReadonlyMap<DoorName, number> {
    return this.#doors.ports;
  }

  /** Connections from now on wait until the next scenario has begun. */
  #hold(): void {
    this.#ready = new Promise((resolve) => (this.#open = resolve));
  }

  async run(scenario: Scenario): Promise<Outcome> {
    const { account, behind, now, say, addresses, doors } = this.#parts;
    const facts = new Facts(now, ({ at, text }) => say(`  ${(at / 1000).toFixed(1).padStart(6)} s  ${text}`));
    const stage = this.#stage(facts);
    this.#removed = new Set();
    try {
      await mailbox(behind, account, now, () => true);
      const placed: Placed[] = [...((await scenario.prepare?.(stage)) ?? [])];
      for (const mail of scenario.mails ?? []) placed.push(await stage.place(mail));
      const trouble = scenario.trouble?.(stage) ?? NO_TROUBLE;
      this.#doors.kind = scenario.tls ?? 'good';
      const missing = await this.#doors.open(doors, scenario.ipv6 === true ? ['::1'] : addresses);
      this.#going = { scenario, facts, trouble, placed };
      const why = scenario.ipv6 === true ? await this.#withoutIpv6(missing) : undefined;
      if (why !== undefined) return { scenario, verdict: 'not tried', findings: [], facts, why };
      this.#open();
      await this.#until(this.#going);
      await this.#quiet(facts);
      return outcomeOf({ scenario, facts, placed: this.#placed(), trouble, stage, stored: await this.#stored() });
    } catch (error) {
      // One scenario that could not be tried must not take along what the others showed.
      const why = `the sandbox itself could not continue: ${error instanceof Error ? error.message : String(error)}`;
      return { scenario, verdict: 'not tried', findings: [], facts, why };
    } finally {
      this.#hold();
      this.#doors.cut();
      await this.#away;
      this.#going = undefined;
      await this.#doors.open(doors, addresses);
    }
  }

  /** Why a program could not come over IPv6, whatever it did. */
  async #withoutIpv6(missing: readonly string[]): Promise<string | undefined> {
    const { hostname } = this.#parts;
    if (missing.length > 0) return 'this machine has no IPv6';
    const found = await lookup(hostname, { all: true }).catch(() => []);
    return found.some(({ address }) => address === '::1')
      ? undefined
      : `"${hostname}" has no address ::1 on this machine; give it one in the hosts file ("::1 ${hostname}")`;
  }

  #placed(): readonly Placed[] {
    return (this.#going?.placed ?? []).map((one) => (this.#removed.has(one.uid) ? { ...one, gone: true } : one));
  }

  #done({ scenario, facts, trouble }: Going): boolean {
    const placed = this.#placed();
    if (scenario.done !== undefined) return trouble.used(facts) && scenario.done(facts, placed);
    return scenario.speaks === 'smtp'
      ? sentAll(facts, trouble.used(facts))
      : fetchedAll(facts, placed, trouble.used(facts));
  }

  async #until(going: Going): Promise<void> {
    const { scenario, facts } = going;
    const { receiver, commands, patience, signal } = this.#parts;
    if (scenario.speaks === 'webhook') {
      if (receiver !== undefined) await tell(receiver, eventsOf(scenario.name), facts);
      return;
    }
    const { fetch, send } = commands;
    const command = scenario.speaks === 'pop3' ? fetch : scenario.speaks === 'any' ? (fetch ?? send) : send;
    if (command !== undefined) return await this.#runs(going, command);
    while (!this.#done(going) && facts.at() < patience && !signal.aborted) await pause(100);
    if (!signal.aborted && facts.visits.length > 0) await pause(this.#linger);
  }

  async #runs(going: Going, command: string): Promise<void> {
    const { scenario, facts } = going;
    const { patience, signal, settings } = this.#parts;
    const env = { ...this.#parts.env, SANDBOX_SCENARIO: scenario.name, SANDBOX_TO: (scenario.to ?? [LAB]).join(' ') };
    for (let n = 1; n <= MAX_RUNS && !signal.aborted; n++) {
      await this.#away;
      const at = facts.at();
      const { status, said } = await runProgram(command, env, patience, signal);
      facts.runs.push({ at, status, said });
      await this.#quiet(facts);
      const last = said.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
      facts.note(
        `your command ended ${status === 0 ? 'with success' : `with ${status}`}${last === '' ? '' : `, and said: ${last}`}`,
      );
      const nothing = facts.visits.length === 0 && n > 1;
      // A sender that ends with success has told its user that the message is gone.
      const believed = scenario.speaks === 'smtp' && status === 0;
      if (this.#done(going) || nothing || believed || facts.at() > patience * 2) return;
      // Waits as a queue or a poll would, longer each time.
      await pause(Math.min(settings.hour / 4, 250 * 2 ** n));
    }
  }

  /** The program has gone, or is made to. */
  async #quiet(facts: Facts): Promise<void> {
    for (let waited = 0; facts.open && waited < this.#linger; waited += 50) await pause(50);
  }

  async #stored(): Promise<StoredFacts | undefined> {
    const { stored } = this.#parts;
    if (stored === undefined || this.#going?.scenario.speaks !== 'pop3') return undefined;
    const [copies, exact] = [new Map<string, number>(), new Map<string, boolean>()];
    for (const one of this.#going.placed) {
      const look = await lookFor(stored, one.mark, this.#since, one.exact);
      const twins = this.#going.placed.filter(({ mark }) => mark === one.mark).length;
      copies.set(one.uid, twins > 1 ? Math.min(1, look.copies) : look.copies || (look.found ? 1 : 0));
      if (look.exact !== undefined) exact.set(one.uid, look.exact);
    }
    return { copies, exact };
  }

  #stage(facts: Facts): Stage {
    const { account, settings, operate, behind, now } = this.#parts;
    const lying = async (before: readonly string[], more: number): Promise<string> => {
      for (let tries = 0; tries < 100; tries++) {
        const uids = await mailbox(behind, account, now);
        const uid = uids.find((one) => !before.includes(one));
        if (uid !== undefined && uids.length >= before.length + more) return uid;
        await pause(100);
      }
      throw new Error('The gateway of the sandbox did not file a message in ten seconds');
    };
    const marks = new Map<string, string>();
    return {
      facts,
      login: account.login,
      settings,
      operate,
      place: async (mail) => {
        const before = await mailbox(behind, account, now);
        const mark = await this.#parts.submit(
          mail.sameAs === undefined ? mail : { ...mail, sameAs: marks.get(mail.sameAs) ?? mail.sameAs },
        );
        marks.set(mail.name, mark);
        const exact = exactOf(mail.name);
        return { name: mail.name, mark, uid: await lying(before, 1), ...(exact !== undefined && { exact }) };
      },
      fill: async (address, mail) => {
        await this.#parts.submit(mail, address);
      },
      remove: async (uid) => {
        this.#removed.add(uid);
        await mailbox(behind, account, now, (one) => one === uid);
        facts.note('  another workplace removed a message');
      },
      receipt: async () => {
        const before = await mailbox(behind, account, now);
        const mark = await this.#parts.receipt();
        return { name: 'the receipt', mark, uid: await lying(before, 1) };
      },
      away: (ms, meanwhile) => {
        const { doors, addresses } = this.#parts;
        facts.note(`  nobody listens for ${(ms / 1000).toFixed(0)} s`);
        this.#away = (async () => {
          await this.#doors.open(doors, []);
          await Promise.all([pause(ms), meanwhile?.()]);
          await this.#doors.open(doors, addresses);
        })();
      },
    };
  }

  async #come(door: DoorName, socket: Socket, secure: (raw: Socket) => Promise<TLSSocket>): Promise<void> {
    await this.#ready;
    const going = this.#going;
    if (going === undefined || socket.destroyed) return void socket.destroy();
    const { facts, scenario } = going;
    // It came over IPv4 while that door was still open.
    if (scenario.ipv6 === true && socket.remoteFamily !== 'IPv6') return void socket.destroy();
    const visit = facts.begin(door === 'api' ? 'https' : door.startsWith('pop3') ? 'pop3' : 'smtp');
    const { behind, now } = this.#parts;
    const started = async (raw: Socket): Promise<TLSSocket> => {
      try {
        const made = await secure(raw);
        const { tls } = tlsLine(made) ?? {};
        if (tls !== undefined) visit.tls = tls;
        facts.note(`${labelOf(visit)} ${tls ?? 'TLS'}`);
        const [shown] = shownChain(made) ?? [];
        if (shown !== undefined) {
          visit.clientCertificate = holdsAt(shown, instant(Date.now())) ? 'holds' : 'ended';
          facts.note(
            `${labelOf(visit)}   shows a client certificate that ${visit.clientCertificate === 'holds' ? 'holds' : 'has ended'}`,
          );
        }
        return made;
      } catch (error) {
        visit.tlsFailed = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
        facts.note(`${labelOf(visit)} no TLS: ${visit.tlsFailed}`);
        throw error;
      }
    };
    const implicit = door !== 'pop3' && door !== 'submission';
    facts.note(`${labelOf(visit)} connects to port ${this.ports.get(door) ?? 0}`);
    const context = this.#context(going, implicit ? undefined : started);
    const open: { dialogue?: Dialogue } = {};
    socket.once('close', () => {
      visit.ended ??= facts.at();
      open.dialogue?.end();
    });
    const own = implicit ? await started(socket) : socket;
    if (door === 'api') return this.#https.take(own, { context, visit });
    const peer = new Peer(own, now);
    const gateway = await reach(behind, door.startsWith('pop3') ? behind.ports.pop3s : behind.ports.submissions, now);
    const dialogue = door.startsWith('pop3')
      ? new Pop3Dialogue(context, visit, peer, gateway)
      : new SmtpDialogue(context, visit, peer, gateway, this.#parts.hostname);
    open.dialogue = dialogue;
    if (scenario.stripped === true && !implicit) facts.note(`${labelOf(visit)}   no TLS is offered`);
    try {
      await dialogue.run();
    } finally {
      gateway.cut();
      // What was written last must still arrive.
      setTimeout(() => peer.cut(), 500).unref();
    }
  }

  #context({ scenario, facts, trouble, placed }: Going, secure: DialogueContext['secure']): DialogueContext {
    const { stored, now } = this.#parts;
    const byUid = (uid: string): Placed | undefined => placed.find((one) => one.uid === uid);
    return {
      facts,
      now,
      secure,
      stripped: scenario.stripped === true,
      act: (verb, visit) => trouble.command(verb, visit, facts),
      note: (visit, text) => facts.note(`${labelOf(visit)} ${text}`),
      nameOf: (uid) => byUid(uid)?.name ?? 'a message of another time',
      stored: async (uid) => {
        const one = byUid(uid);
        return stored === undefined || one === undefined
          ? undefined
          : (await lookFor(stored, one.mark, this.#since)).found;
      },
    };
  }

  close(): Promise<void> {
    return this.#doors.close();
  }
}

const labelOf = ({ protocol, number }: Visit): string => `${protocol} ${number}:`;
