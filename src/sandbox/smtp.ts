/** The dialogue between the program under test and the gateway's SMTP (RFC 5321), a command at a time, with trouble where the scenario has it. */
import { createHash } from 'node:crypto';
import { type Sent, type Visit, remember } from './facts.ts';
import { type Dialogue, type DialogueContext, pause } from './dialogue.ts';
import { Peer } from './peer.ts';

const END = Buffer.from('\r\n.\r\n', 'latin1');
/** Of the header, where the Message-ID is looked for. */
const HEAD = 64 * 1024;
/** Offered inside TLS, of what the gateway offers: a mechanism that is bound to its TLS cannot work through the sandbox. */
const AUTH = 'AUTH PLAIN LOGIN';
const codeOf = (reply: string): number => Number(reply.slice(0, 3)) || 0;

/** What a library may send on its way out; it asks for nothing. */
const FAREWELLS = new Set(['QUIT', 'RSET']);

export class SmtpDialogue implements Dialogue {
  readonly #context: DialogueContext;
  readonly #visit: Visit;
  readonly #hostname: string;
  #peer: Peer;
  #gateway: Peer;
  #secure: DialogueContext['secure'];
  #sent: Sent | undefined;

  constructor(context: DialogueContext, visit: Visit, peer: Peer, gateway: Peer, hostname: string) {
    this.#context = context;
    this.#visit = visit;
    this.#peer = peer;
    this.#gateway = gateway;
    this.#hostname = hostname;
    this.#secure = context.secure;
  }

  async run(): Promise<void> {
    await this.#talk();
    // A program that left at once has said what it said, though nobody answered: a password is out.
    while (this.#peer.ended) {
      const line = await this.#peer.line();
      if (line === undefined) return;
      if (/^(?:PASS|AUTH) /i.test(line.text)) this.#visit.logins++;
    }
  }

  async #talk(): Promise<void> {
    const greeting = await this.#reply();
    const act = this.#context.act('greeting', this.#visit);
    if (act?.do === 'cut') return void this.#cut('the line broke before the greeting');
    if (act?.do === 'wait') await this.#wait(act.ms, 'the greeting');
    if (act?.do === 'answer') return await this.#answer(act.line, true);
    await this.#say(greeting ?? '421 4.3.2 closed');
    for (;;) {
      const line = await this.#peer.line();
      if (line === undefined) return;
      const verb = (line.text.split(' ')[0] ?? '').toUpperCase();
      if (!(await this.#command(verb, line.text))) return;
    }
  }

  /** False: the visit is over. */
  async #command(verb: string, text: string): Promise<boolean> {
    const visit = this.#visit;
    if (verb === 'AUTH') visit.logins++;
    this.#context.note(visit, verb === 'AUTH' ? 'AUTH ...' : text.slice(0, 120));
    if (this.#secure !== undefined) return await this.#beforeTls(verb, this.#secure);
    if (!FAREWELLS.has(verb)) visit.commands++;
    if (verb === 'MAIL') {
      this.#sent = { at: this.#context.facts.at(), from: pathOf(text), to: [], code: 0, taken: false };
      remember(visit.sent, this.#sent);
    }
    const act = this.#context.act(verb, visit);
    if (act?.do === 'cut') return this.#cut(`the line broke at ${verb}, which the gateway never got`);
    if (act?.do === 'answer') {
      this.#took(verb, text, codeOf(act.line));
      await this.#answer(act.line, act.cut === true);
      return act.cut !== true;
    }
    if (act?.do === 'wait') await this.#wait(act.ms, `the answer to ${verb}`);
    await this.#gateway.write(`${text}\r\n`);
    let reply = await this.#reply();
    while (reply?.startsWith('334') === true) {
      await this.#say(reply);
      const more = await this.#peer.line();
      if (more === undefined) return false;
      await this.#gateway.write(`${more.text}\r\n`);
      reply = await this.#reply();
    }
    if (reply === undefined) return this.#ended();
    const code = codeOf(reply);
    if (verb === 'AUTH' && code === 235) visit.loggedIn = true;
    if (verb === 'QUIT') visit.quit = 'done';
    this.#took(verb, text, code);
    if (code >= 400) this.#context.note(visit, `  answered ${lastLine(reply)}`);
    await this.#say(verb === 'EHLO' ? offered(reply) : reply);
    if (verb === 'DATA' && code === 354) return await this.#content();
    if (verb === 'QUIT') this.#peer.end();
    return verb !== 'QUIT';
  }

  #took(verb: string, text: string, code: number): void {
    const sent = this.#sent;
    if (sent === undefined) return;
    if (verb === 'RCPT' && sent.to.length < 1000) sent.to.push({ address: pathOf(text), code });
    if ((verb === 'MAIL' || verb === 'DATA') && code >= 400) sent.code = code;
  }

  /** What stands between 354 and the final dot. */
  async #content(): Promise<boolean> {
    const sent = this.#sent;
    const hash = createHash('sha256');
    let head = '';
    let kept: Buffer = Buffer.from('\r\n', 'latin1');
    let first = true;
    for (;;) {
      const octets = await this.#peer.octets();
      if (octets === undefined) {
        this.#context.note(this.#visit, '  the program left in the middle of the message');
        return false;
      }
      const all = Buffer.concat([kept, octets]);
      const end = all.indexOf(END);
      const upTo = end < 0 ? Math.max(0, all.length - END.length) : end + 2;
      const piece = all.subarray(first ? Math.min(2, upTo) : 0, upTo);
      first &&= upTo < 2;
      kept = upTo < 2 ? all : all.subarray(upTo);
      hash.update(piece);
      if (head.length < HEAD) head += piece.toString('latin1');
      await this.#gateway.write(piece);
      if (this.#gateway.ended) return this.#ended();
      if (end < 0) continue;
      this.#peer.giveBack(kept.subarray(3));
      break;
    }
    if (sent !== undefined) {
      sent.sha256 = hash.digest('hex');
      const id = /^message-id:\s*(\S+)/im.exec(head.split('\r\n\r\n', 1)[0] ?? '')?.[1];
      if (id !== undefined) sent.messageId = id;
    }
    return await this.#judged(sent);
  }

  async #judged(sent: Sent | undefined): Promise<boolean> {
    const act = this.#context.act('content', this.#visit);
    if (act?.do === 'cut') return this.#cut('the line broke at the final dot, which the gateway never got');
    if (act?.do === 'answer') {
      if (sent !== undefined) sent.code = codeOf(act.line);
      // The gateway has a message without an end: it forgets it with its line.
      await this.#answer(act.line, true);
      return false;
    }
    if (act?.do === 'wait') await this.#wait(act.ms, 'the answer to the final dot');
    await this.#gateway.write('.\r\n');
    const reply = await this.#reply();
    if (reply === undefined) return this.#ended();
    const code = codeOf(reply);
    if (sent !== undefined) sent.taken = code < 300;
    if (act?.do === 'lose') return this.#cut(`the gateway answered ${reply}, which was lost with the line`);
    if (sent !== undefined) sent.code = code;
    this.#context.note(this.#visit, `  answered ${lastLine(reply)}`);
    await this.#say(reply);
    return true;
  }

  async #beforeTls(verb: string, secure: NonNullable<DialogueContext['secure']>): Promise<boolean> {
    const { stripped } = this.#context;
    if (verb === 'AUTH') {
      this.#visit.inClear = true;
      await this.#say('530 5.7.0 start TLS first (STARTTLS)');
    } else if (verb === 'EHLO')
      await this.#say(stripped ? `250 ${this.#hostname}` : `250-${this.#hostname}\r\n250 STARTTLS`);
    else if (verb === 'HELO' || verb === 'NOOP' || verb === 'RSET') await this.#say('250 2.0.0 ok');
    else if (verb === 'QUIT') {
      await this.#say('221 2.0.0 bye');
      this.#peer.end();
      return false;
    } else if (verb !== 'STARTTLS' || stripped) await this.#say('530 5.7.0 start TLS first (STARTTLS)');
    else {
      await this.#say('220 2.0.0 begin TLS');
      this.#secure = undefined;
      this.#peer = new Peer(await secure(this.#peer.release()), this.#context.now);
    }
    return true;
  }

  /** All lines of one answer. */
  async #reply(): Promise<string | undefined> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.#gateway.line();
      if (line === undefined || lines.length > 100) return undefined;
      lines.push(line.text);
      if (line.text[3] !== '-') return lines.join('\r\n');
    }
  }

  async #wait(ms: number, what: string): Promise<void> {
    this.#context.note(this.#visit, `  ${what} comes ${(ms / 1000).toFixed(1)} s late`);
    for (const until = this.#context.now() + ms; this.#context.now() < until && !this.#peer.ended;) await pause(100);
    if (this.#peer.ended) this.#context.note(this.#visit, '  the program did not wait, and left');
  }

  async #answer(line: string, last: boolean): Promise<void> {
    this.#context.note(this.#visit, `  the sandbox answered ${line}`);
    await this.#say(line);
    if (!last) return;
    this.#visit.cut = true;
    this.#peer.end();
  }

  #cut(why: string): false {
    this.#context.note(this.#visit, `  ${why}`);
    this.#visit.cut = true;
    this.#peer.cut();
    return false;
  }

  #ended(): false {
    this.#visit.cut = true;
    this.#peer.end();
    return false;
  }

  #say(line: string): Promise<void> {
    return this.#peer.write(`${line}\r\n`);
  }

  end(): void {
    this.#peer.cut();
    this.#gateway.cut();
  }
}

const offered = (reply: string): string => reply.replace(/^(250[- ])AUTH .*$/m, `$1${AUTH}`);
const pathOf = (text: string): string => (/<([^>]*)>/.exec(text)?.[1] ?? '').toLowerCase();
const lastLine = (reply: string): string => reply.split('\r\n').at(-1) ?? '';
