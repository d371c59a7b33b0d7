/**
 * The dialogue between the program under test and the gateway's SMTP (RFC 5321), a command at a
 * time, with trouble where the scenario has it.
 */
import { createHash } from 'node:crypto';
import { type Sent, type Visit, remember } from './facts.ts';
import type { Dialogue, DialogueContext } from './dialogue.ts';
import type { Peer } from './peer.ts';
import { FAREWELLS, Sides } from './sides.ts';
import { toDot } from './to-dot.ts';

/** Octets of the header in which the Message-ID is looked for. */
const HEAD = 64 * 1024;
/**
 * Offered inside TLS, of what the gateway offers: a mechanism that is bound to its TLS cannot work
 * through the sandbox.
 */
const AUTH = 'AUTH PLAIN LOGIN';
const codeOf = (reply: string): number => Number(reply.slice(0, 3)) || 0;

export class SmtpDialogue implements Dialogue {
  readonly #context: DialogueContext;
  readonly #visit: Visit;
  readonly #hostname: string;
  readonly #sides: Sides;
  #sent: Sent | undefined;

  constructor(context: DialogueContext, visit: Visit, peer: Peer, gateway: Peer, hostname: string) {
    this.#context = context;
    this.#visit = visit;
    this.#sides = new Sides(context, visit, peer, gateway);
    this.#hostname = hostname;
  }

  async run(): Promise<void> {
    await this.#talk();
    await this.#sides.readRest();
  }

  async #talk(): Promise<void> {
    const greeting = await this.#reply();
    const act = this.#context.act('greeting', this.#visit);
    if (act?.do === 'cut') return void this.#sides.cut('the line broke before the greeting');
    if (act?.do === 'wait') await this.#sides.wait(act.ms, 'the greeting');
    if (act?.do === 'answer') return await this.#sides.answer(act.line, true);
    await this.#sides.say(greeting ?? '421 4.3.2 closed');
    for (;;) {
      const line = await this.#sides.program.line();
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
    if (this.#sides.beforeTls) return await this.#beforeTls(verb);
    if (!FAREWELLS.has(verb)) visit.commands++;
    if (verb === 'MAIL') {
      this.#sent = { at: this.#context.facts.at(), from: pathOf(text), to: [], code: 0, taken: false };
      remember(visit.sent, this.#sent);
    }
    const act = this.#context.act(verb, visit);
    if (act?.do === 'cut') return this.#sides.cut(`the line broke at ${verb}, which the gateway never got`);
    if (act?.do === 'answer') {
      this.#took(verb, text, codeOf(act.line));
      await this.#sides.answer(act.line, act.cut === true);
      return act.cut !== true;
    }
    if (act?.do === 'wait') await this.#sides.wait(act.ms, `the answer to ${verb}`);
    if (act?.do === 'first') await act.what();
    await this.#sides.gateway.write(`${text}\r\n`);
    let reply = await this.#reply();
    while (reply?.startsWith('334') === true) {
      await this.#sides.say(reply);
      if (!(await this.#sides.passOn())) return false;
      reply = await this.#reply();
    }
    if (reply === undefined) return this.#sides.ended();
    const code = codeOf(reply);
    if (verb === 'AUTH' && code === 235) visit.loggedIn = true;
    if (verb === 'QUIT') visit.quit = 'done';
    this.#took(verb, text, code);
    if (code >= 400) this.#context.note(visit, `  answered ${lastLine(reply)}`);
    await this.#sides.say(verb === 'EHLO' ? offered(reply) : reply);
    if (verb === 'DATA' && code === 354) return await this.#content();
    if (verb === 'QUIT') this.#sides.program.end();
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
    const how = await toDot(this.#sides.program, async (piece) => {
      hash.update(piece);
      if (head.length < HEAD) head += piece.toString('latin1');
      await this.#sides.gateway.write(piece);
      return !this.#sides.gateway.ended;
    });
    if (how === 'stopped') return this.#sides.ended();
    if (how === 'ended') {
      this.#context.note(this.#visit, '  the program left in the middle of the message');
      return false;
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
    if (act?.do === 'cut') return this.#sides.cut('the line broke at the final dot, which the gateway never got');
    if (act?.do === 'answer') {
      if (sent !== undefined) sent.code = codeOf(act.line);
      // The gateway has a message without an end: it forgets it with its line.
      await this.#sides.answer(act.line, true);
      return false;
    }
    if (act?.do === 'wait') await this.#sides.wait(act.ms, 'the answer to the final dot');
    await this.#sides.gateway.write('.\r\n');
    const reply = await this.#reply();
    if (reply === undefined) return this.#sides.ended();
    const code = codeOf(reply);
    if (sent !== undefined) sent.taken = code < 300;
    if (act?.do === 'lose') return this.#sides.cut(`the gateway answered ${reply}, which was lost with the line`);
    if (sent !== undefined) sent.code = code;
    this.#context.note(this.#visit, `  answered ${lastLine(reply)}`);
    await this.#sides.say(reply);
    return true;
  }

  async #beforeTls(verb: string): Promise<boolean> {
    const { stripped } = this.#context;
    if (verb === 'AUTH') {
      this.#visit.inClear = true;
      await this.#sides.say('530 5.7.0 start TLS first (STARTTLS)');
    } else if (verb === 'EHLO')
      await this.#sides.say(stripped ? `250 ${this.#hostname}` : `250-${this.#hostname}\r\n250 STARTTLS`);
    else if (verb === 'HELO' || verb === 'NOOP' || verb === 'RSET') await this.#sides.say('250 2.0.0 ok');
    else if (verb === 'QUIT') {
      await this.#sides.say('221 2.0.0 bye');
      this.#sides.program.end();
      return false;
    } else if (verb !== 'STARTTLS' || stripped) await this.#sides.say('530 5.7.0 start TLS first (STARTTLS)');
    else {
      await this.#sides.say('220 2.0.0 begin TLS');
      await this.#sides.startTls();
    }
    return true;
  }

  /** All lines of one answer. */
  async #reply(): Promise<string | undefined> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.#sides.gateway.line();
      if (line === undefined || lines.length > 100) return undefined;
      lines.push(line.text);
      if (line.text[3] !== '-') return lines.join('\r\n');
    }
  }

  end(): void {
    this.#sides.end();
  }
}

const offered = (reply: string): string => reply.replace(/^(250[- ])AUTH .*$/m, `$1${AUTH}`);
const pathOf = (text: string): string => (/<([^>]*)>/.exec(text)?.[1] ?? '').toLowerCase();
const lastLine = (reply: string): string => reply.split('\r\n').at(-1) ?? '';
