/**
 * The soak's load. Each worker does one thing over and over with pauses, as a region does all day,
 * until it is told to stop.
 *
 * Every message goes into the ledger; every answer that is not the expected one is a fault. Only
 * one worker at a time polls a mailbox.
 */
import { execFile } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Instance, addressOf } from '../../test/support/instance.ts';
import type { Ledger, LedgerMessage } from '../../test/support/ledger.ts';
import { Pop3Client } from '../../test/support/pop3-client.ts';
import { type Login, SmtpClient, UnexpectedReply, acceptedId, plain } from '../../test/support/smtp-client.ts';
import { Wire, type WireTarget } from '../../test/support/wire.ts';
import { PASSWORD } from '../load.ts';
import { ediContent } from './edi.ts';
import type { Reader, World } from './world.ts';

const MAIN = fileURLToPath(new URL('../../scripts/sluis.mjs', import.meta.url));
const KB = 1000;
const MB = 1_000_000;
/** Most messages of one POP3 session. Their octets stay in memory until QUIT is answered. */
const MOST_FETCHED = 20;
const MOST_FAULTS = 50;

const loginOf = (name: string): Login => ({ login: name, password: PASSWORD });
const pick = <T>(all: readonly T[]): T => all[randomInt(all.length)]!;

export interface Pace {
  /** Octets of the large messages; `largeEvery`: milliseconds between two of them. */
  readonly large: number;
  readonly largeEvery: number;
  /** Milliseconds between commands of the operator. */
  readonly operatorEvery: number;
}

export class Load {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #pace: Pace;
  readonly #end = new AbortController();
  readonly #work: Promise<void>[] = [];
  /** Mailboxes that nobody has open, the one that was not polled for longest first. */
  readonly #idle: string[];
  /** Numbers of things done so far, by kind. */
  readonly done = new Map<string, number>();
  readonly faults: string[] = [];
  faultCount = 0;
  #lastId = '';

  constructor(world: World, ledger: Ledger, pace: Pace) {
    this.#world = world;
    this.#ledger = ledger;
    this.#pace = pace;
    this.#idle = [...world.practices];
  }

  start(): void {
    // Every worker listens to it.
    setMaxListeners(0, this.#end.signal);
    const { laboratories, readers } = this.#world;
    for (let i = 0; i < 4; i++) this.#repeat('submission', 150, () => this.#submitSome());
    for (const laboratory of laboratories)
      this.#repeat('certificate', 1000, () => this.#submitByCertificate(laboratory));
    this.#repeat('large', this.#pace.largeEvery, () => this.#submitLarge());
    this.#repeat('protected', 700, () => this.#submitProtected(pick(readers)));
    this.#repeat('partner', 300, () => this.#submitToPartner());
    for (let i = 0; i < 5; i++) this.#repeat('poll', 40, () => this.#pollNext());
    for (const reader of readers) this.#repeat('reader', 3000, () => this.#read(reader));
    this.#repeat('unknown addressee', 700, () => this.#unknownAddressee());
    this.#repeat('wrong password', 500, () => this.#wrongPassword());
    this.#repeat('slow sender', 2000, () => this.#slowSender());
    this.#repeat('silent peer', 2000, () => this.#silentPeer());
    this.#repeat('broken fetch', 2000, () => this.#brokenFetch());
    this.#repeat('operator', this.#pace.operatorEvery, () => this.#operate());
  }

  /** No worker begins anything new. Resolves when all have finished what they do. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#work);
  }

  /** Fetches what is left everywhere, and lets the partner have what waits for it. */
  async drain(patience: number): Promise<void> {
    const until = performance.now() + patience;
    do {
      await this.#sluis('queue', 'retry', '--partner', 'hospital').catch(() => undefined);
      for (const name of this.#idle) await this.#fetchAll(name, (content) => this.#found(content));
      for (const reader of this.#world.readers) await this.#read(reader);
      this.takeFromPartner();
    } while (this.#ledger.missing > 0 && performance.now() < until);
  }

  /** Takes the messages that the partner's server got since the previous call. */
  takeFromPartner(): void {
    const { partner } = this.#world;
    partner.lines.length = 0;
    for (const { content } of partner.taken.splice(0)) this.#ledger.found(content);
  }

  #repeat(kind: string, every: number, action: () => Promise<void>): void {
    const { signal } = this.#end;
    const work = async (): Promise<void> => {
      while (!signal.aborted) {
        try {
          await action();
          this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
        } catch (error) {
          this.#fault(kind, error);
        }
        await pause(every * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      }
    };
    this.#work.push(work());
  }

  #fault(kind: string, error: unknown): void {
    this.faultCount += 1;
    if (this.faults.length < MOST_FAULTS)
      this.faults.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
  }

  get #instance(): Instance {
    return this.#world.instance;
  }

  #submissionTarget(): WireTarget {
    return this.#instance.target(randomInt(2) === 0 ? 'submission' : 'submissions');
  }

  // --- submission

  async #send(client: SmtpClient, from: string, to: string, message: LedgerMessage): Promise<void> {
    await client.begin(from, [to], randomInt(2) === 0, message.octets);
    if (!client.wire.send(message.wire)) await client.wire.drained();
    client.wire.send('.\r\n');
    this.#lastId = acceptedId(await client.expect('250'));
    this.#ledger.acknowledge(message, this.#lastId);
  }

  async #submitSome(): Promise<void> {
    const name = pick(this.#world.practices);
    const from = addressOf(name);
    const client = await SmtpClient.open(this.#submissionTarget(), loginOf(name));
    for (let n = randomInt(1, 6); n > 0; n--) {
      const dice = randomInt(100);
      const message =
        dice < 12
          ? this.#ledger.compose(0, { from, content: ediContent })
          : this.#ledger.compose(dice < 14 ? MB : 10 * KB, { from });
      await this.#send(client, from, addressOf(pick(this.#world.practices)), message);
    }
    await client.quit();
  }

  async #submitByCertificate({ name, target }: World['laboratories'][number]): Promise<void> {
    const from = addressOf(name);
    const client = await SmtpClient.open(target);
    await client.command('AUTH EXTERNAL =', '235');
    for (let n = 0; n < 2; n++)
      await this.#send(
        client,
        from,
        addressOf(pick(this.#world.practices)),
        this.#ledger.compose(0, { from, content: ediContent }),
      );
    await client.quit();
  }

  async #submitLarge(): Promise<void> {
    await this.#submitOne(pick(this.#world.practices), addressOf(pick(this.#world.practices)), this.#pace.large);
  }

  async #submitProtected({ name }: Reader): Promise<void> {
    await this.#submitOne(this.#world.signer, addressOf(name), 10 * KB);
  }

  async #submitToPartner(): Promise<void> {
    await this.#submitOne(pick(this.#world.practices), 'ward@hospital.test', 10 * KB);
  }

  async #submitOne(name: string, to: string, size: number): Promise<void> {
    const from = addressOf(name);
    const client = await SmtpClient.open(this.#submissionTarget(), loginOf(name));
    await this.#send(client, from, to, this.#ledger.compose(size, { from }));
    await client.quit();
  }

  // --- pickup

  async #pollNext(): Promise<void> {
    await this.#withMailbox((name) => this.#fetchAll(name, (content) => this.#found(content)));
  }

  async #withMailbox(action: (name: string) => Promise<void>): Promise<void> {
    const name = this.#idle.shift();
    if (name === undefined) return;
    try {
      await action(name);
    } finally {
      this.#idle.push(name);
    }
  }

  /**
   * A message counts as found once its deletion was acknowledged. A session that breaks before
   * leaves it for the next one.
   */
  async #fetchAll(name: string, found: (content: Buffer) => void): Promise<void> {
    const target = this.#instance.target(randomInt(2) === 0 ? 'pop3' : 'pop3s');
    const client = await Pop3Client.open(target, loginOf(name), randomInt(2) === 0 ? 'user' : 'plain');
    const { messages } = await client.stat();
    const contents: Buffer[] = [];
    if (messages > 0) {
      const { size } = await client.uidl();
      if (size !== messages) throw new Error(`STAT of ${name} says ${messages}, UIDL ${size}`);
      for (let n = 1; n <= Math.min(messages, MOST_FETCHED); n++) {
        contents.push(await client.fetch(n));
        await client.command(`DELE ${n}`);
      }
    }
    await client.quit();
    contents.forEach(found);
  }

  /**
   * If the gateway signed a message for the signer, the body that was sent is inside. Any other
   * message is as it was sent.
   */
  #found(content: Buffer): void {
    const signed = signedPart(content);
    if (signed === undefined) this.#ledger.found(content);
    else this.#ledger.foundProtected(content, signed);
  }

  async #read(reader: Reader): Promise<void> {
    const contents: Buffer[] = [];
    await this.#fetchAll(reader.name, (content) => contents.push(content));
    for (const content of contents)
      this.#ledger.foundProtected(content, await reader.open(content, this.#instance.folder));
  }

  // --- refusals

  async #unknownAddressee(): Promise<void> {
    const name = pick(this.#world.practices);
    const client = await SmtpClient.open(this.#submissionTarget(), loginOf(name));
    await client.command(`MAIL FROM:<${addressOf(name)}>`, '250');
    await client.command(`RCPT TO:<nobody${randomInt(1000)}@ledger.test>`, '550 5.1.1');
    await client.quit();
  }

  /** Tries from other networks, so that practices are not slowed down as well. */
  async #wrongPassword(): Promise<void> {
    const login = {
      login: randomInt(2) === 0 ? 'sender' : `nobody${randomInt(1000)}`,
      password: `wrong ${randomInt(1e9)}`,
    };
    const localAddress = `127.0.9.${randomInt(1, 250)}`;
    if (randomInt(2) === 0) {
      const client = await SmtpClient.open({ ...this.#instance.target('submissions'), localAddress });
      client.wire.send(`AUTH PLAIN ${plain(login)}\r\n`);
      const reply = await client.reply();
      client.wire.destroy();
      if (!/^(535 5\.7\.8|454 4\.7\.0)/.test(reply)) throw new UnexpectedReply('535 or 454', reply);
      return;
    }
    const client = await Pop3Client.open({ ...this.#instance.target('pop3s'), localAddress });
    await client.command(`USER ${login.login}`);
    client.wire.send(`PASS ${login.password}\r\n`);
    const reply = await client.wire.line();
    client.wire.destroy();
    if (!/^-ERR \[(AUTH|SYS\/TEMP)\]/.test(reply)) throw new UnexpectedReply('-ERR [AUTH] or [SYS/TEMP]', reply);
  }

  // --- slow and broken peers

  async #slowSender(): Promise<void> {
    const from = addressOf(this.#world.signer);
    const client = await SmtpClient.open(this.#instance.target('submission'), loginOf(this.#world.signer));
    const message = this.#ledger.compose(60 * KB, { from });
    await client.begin(from, [addressOf(pick(this.#world.practices))], false);
    for (let at = 0; at < message.wire.length && !this.#end.signal.aborted; at += 4 * KB) {
      client.wire.send(message.wire.subarray(at, at + 4 * KB));
      await pause(1000, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
    // At the end of the soak the connection breaks in the middle: nothing may be filed.
    if (this.#end.signal.aborted) return client.wire.destroy();
    client.wire.send('.\r\n');
    this.#ledger.acknowledge(message, acceptedId(await client.expect('250')));
    await client.quit();
  }

  async #silentPeer(): Promise<void> {
    const port = pick(['submission', 'submissions', 'pop3', 'pop3s'] as const);
    const wire = await Wire.open({ ...this.#instance.target(port), tls: 'starttls' });
    await pause(10_000, undefined, { signal: this.#end.signal }).catch(() => undefined);
    wire.destroy();
  }

  /** Goes away in the middle of a message and without QUIT: everything must still be there. */
  async #brokenFetch(): Promise<void> {
    await this.#withMailbox(async (name) => {
      const client = await Pop3Client.open(this.#instance.target('pop3s'), loginOf(name));
      const { messages } = await client.stat();
      if (messages > 0) {
        await client.command('RETR 1');
        client.wire.send('DELE 1\r\n');
      }
      client.wire.destroy();
    });
  }

  // --- operator

  async #operate(): Promise<void> {
    const commands = [
      ['queue', 'list'],
      ['audit', 'list', '--account', pick(this.#world.practices)],
      ['account', 'list'],
      ...(this.#lastId === '' ? [] : [['trace', this.#lastId]]),
    ];
    await this.#sluis(...pick(commands));
  }

  async #sluis(...args: readonly string[]): Promise<void> {
    await promisify(execFile)(process.execPath, [MAIN, ...args, '--config', this.#instance.config], {
      maxBuffer: 64 * MB,
      timeout: 60_000,
    });
  }
}

/**
 * The first part of multipart/signed, without the line end that belongs to the boundary (RFC 1847
 * section 2.1).
 */
function signedPart(content: Buffer): Buffer | undefined {
  const headEnd = content.indexOf('\r\n\r\n');
  const boundary = /^Content-Type: multipart\/signed;[^]*?boundary="?([^"\s;]+)/m.exec(
    content.toString('latin1', 0, headEnd),
  )?.[1];
  if (boundary === undefined) return undefined;
  const first = content.indexOf(`--${boundary}\r\n`, headEnd);
  const start = first + boundary.length + 4;
  return content.subarray(start, content.indexOf(`\r\n--${boundary}`, start));
}
