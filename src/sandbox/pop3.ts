/**
 * The dialogue between the program under test and the gateway's POP3 (RFC 1939), a command at a time, with trouble where the scenario has it.
 *
 * What the mailbox calls each message is asked of the gateway right after the login, unseen by the program: so it is known what a number means, also of a program that
 * never asks for unique ids.
 */
import { remember, type Visit } from './facts.ts';
import type { Act } from './scenario.ts';
import { Peer } from './peer.ts';
import { type Dialogue, type DialogueContext, pause } from './dialogue.ts';
import { uidsOf } from './upstream.ts';

const MANY = new Set(['RETR', 'TOP', 'CAPA', 'LIST', 'UIDL']);
const END = Buffer.from('\r\n.\r\n', 'latin1');
/** What is offered inside TLS, of what the gateway offers: a mechanism that is bound to its TLS cannot work through the sandbox. */
const SASL = 'SASL PLAIN LOGIN';
const BEFORE_TLS = '+OK capabilities follow\r\nUIDL\r\nTOP\r\nRESP-CODES\r\n';

/** What a library may send on its way out; it asks for nothing. */
const FAREWELLS = new Set(['QUIT', 'RSET']);

export class Pop3Dialogue implements Dialogue {
  readonly #context: DialogueContext;
  readonly #visit: Visit;
  #peer: Peer;
  #gateway: Peer;
  #uids = new Map<string, string>();
  #secure: DialogueContext['secure'];
  /** Numbers of messages that were handed out whole in this visit, and when the last line of each was sent. */
  readonly #whole = new Map<string, number>();
  #lastWhole = 0;

  constructor(context: DialogueContext, visit: Visit, peer: Peer, gateway: Peer) {
    this.#context = context;
    this.#visit = visit;
    this.#peer = peer;
    this.#gateway = gateway;
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
    const greeting = await this.#gateway.line();
    const act = this.#context.act('greeting', this.#visit);
    if (act?.do === 'cut') return void this.#cut('the line broke before the greeting');
    if (act?.do === 'wait') await this.#wait(act.ms, 'the greeting');
    if (act?.do === 'answer') return await this.#answer('', act.line, true);
    await this.#say(greeting?.text ?? '-ERR');
    for (;;) {
      const line = await this.#peer.line();
      if (line === undefined) return;
      const [word = '', argument = ''] = line.text.split(' ');
      const verb = word.toUpperCase();
      if (!(await this.#command(verb, argument, line.text, line.came))) return;
    }
  }

  /** False: the visit is over. */
  async #command(verb: string, argument: string, text: string, came: number): Promise<boolean> {
    const visit = this.#visit;
    if (verb === 'PASS' || verb === 'AUTH') visit.logins++;
    this.#context.note(visit, shown(verb, text));
    if (this.#secure !== undefined) return await this.#beforeTls(verb, this.#secure);
    if (!FAREWELLS.has(verb)) visit.commands++;
    if (verb === 'DELE') await this.#deleting(argument, came);
    if (verb === 'QUIT') await this.#leaving(came);
    const act = this.#context.act(verb, visit);
    switch (act?.do) {
      case 'cut':
        if (verb === 'QUIT') visit.quit = 'lost';
        this.#cut(`the line broke at ${verb}, which the gateway never got`);
        return false;
      case 'answer':
        if (verb === 'QUIT') visit.quit = 'refused';
        await this.#answer(verb, act.line, act.cut === true || verb === 'QUIT');
        return act.cut !== true && verb !== 'QUIT';
      case 'lose':
        await this.#gateway.write(`${text}\r\n`);
        await this.#gateway.line();
        if (verb === 'QUIT') visit.quit = 'lost';
        this.#cut(`the gateway did ${verb}, and its answer was lost with the line`);
        return false;
      case 'wait':
        await this.#wait(act.ms, `the answer to ${verb}`);
        break;
      case 'break':
      case 'hold':
      case undefined:
    }
    return await this.#pass(verb, argument, text, act);
  }

  async #pass(verb: string, argument: string, text: string, act: Act | undefined): Promise<boolean> {
    await this.#gateway.write(`${text}\r\n`);
    let reply = (await this.#gateway.line())?.text;
    // SASL: the gateway asks, the program answers, and neither is written down.
    while (reply?.startsWith('+') === true && !reply.startsWith('+OK')) {
      await this.#say(reply);
      const more = await this.#peer.line();
      if (more === undefined) return false;
      await this.#gateway.write(`${more.text}\r\n`);
      reply = (await this.#gateway.line())?.text;
    }
    if (reply === undefined) return this.#ended();
    const good = reply.startsWith('+OK');
    if ((verb === 'PASS' || verb === 'AUTH') && good) {
      this.#visit.loggedIn = true;
      this.#uids = await uidsOf(this.#gateway);
    }
    if (verb === 'DELE' && good) this.#context.note(this.#visit, '  the gateway marks it');
    if (!good) this.#context.note(this.#visit, `  answered ${reply}`);
    if (verb === 'QUIT') this.#visit.quit = good ? 'done' : 'refused';
    if (good && MANY.has(verb) && !((verb === 'LIST' || verb === 'UIDL') && argument !== '')) {
      if (verb === 'CAPA') reply = await this.#capabilities(reply);
      else return await this.#body(verb, argument, reply, act);
    }
    await this.#say(reply);
    if (verb === 'QUIT') this.#peer.end();
    return verb !== 'QUIT';
  }

  async #capabilities(first: string): Promise<string> {
    const lines = [first];
    for (let line = await this.#gateway.line(); line !== undefined; line = await this.#gateway.line()) {
      lines.push(line.text.startsWith('SASL ') ? SASL : line.text);
      if (line.text === '.') break;
    }
    return lines.join('\r\n');
  }

  /** An answer of many lines, as it comes. */
  async #body(verb: string, number: string, first: string, act: Act | undefined): Promise<boolean> {
    await this.#say(first);
    let [kept, sent, begun]: [Buffer, number, boolean] = [Buffer.from('\r\n', 'latin1'), 0, false];
    const uid = this.#uids.get(number) ?? '';
    const fetched = (whole: boolean): void => {
      if (verb === 'RETR') remember(this.#visit.fetched, { uid, at: this.#context.facts.at(), whole });
    };
    for (;;) {
      const octets = await this.#gateway.octets();
      if (octets === undefined) return this.#ended();
      const all = Buffer.concat([kept, octets]);
      const end = all.indexOf(END);
      const upTo = end < 0 ? Math.max(0, all.length - END.length) : end + 2;
      // The line end that stands before the first line is ours.
      const piece = all.subarray(begun ? 0 : 2, Math.max(begun ? 0 : 2, upTo));
      if (upTo >= 2) {
        kept = all.subarray(upTo);
        begun = true;
      } else kept = all;
      if (act?.do === 'break' && sent + piece.length > act.after) {
        await this.#peer.write(piece.subarray(0, Math.max(0, act.after - sent)));
        fetched(false);
        // What was written must reach the program before the line is gone.
        await pause(50);
        this.#cut(`the line broke in the middle of ${this.#context.nameOf(uid)}`);
        return false;
      }
      await this.#peer.write(piece);
      sent += piece.length;
      if (this.#peer.ended) {
        fetched(false);
        return false;
      }
      if (end < 0) continue;
      if (act?.do === 'hold') await this.#wait(act.ms, 'the last line of the message');
      this.#gateway.giveBack(kept.subarray(3));
      this.#lastWhole = this.#context.now();
      if (verb === 'RETR') this.#whole.set(number, this.#lastWhole);
      await this.#peer.write('.\r\n');
      if (verb === 'RETR') {
        fetched(true);
        this.#context.note(this.#visit, `  ${this.#context.nameOf(uid)} was handed out whole, ${sent} octets`);
      }
      return true;
    }
  }

  async #deleting(number: string, came: number): Promise<void> {
    const uid = this.#uids.get(number) ?? '';
    const stored = await this.#context.stored(uid);
    const early = came < (this.#whole.get(number) ?? 0);
    remember(this.#visit.deleted, { uid, early, ...(stored !== undefined && { stored }) });
    this.#context.note(
      this.#visit,
      `  that is ${this.#context.nameOf(uid)}${stored === false ? ', which is not stored' : ''}`,
    );
  }

  /** What is deleted now must lie somewhere else by now. */
  async #leaving(came: number): Promise<void> {
    for (const one of this.#visit.deleted) {
      const stored = one.stored === true ? true : await this.#context.stored(one.uid);
      one.atQuit = { early: came < this.#lastWhole, ...(stored !== undefined && { stored }) };
      if (stored === false) this.#context.note(this.#visit, `  ${this.#context.nameOf(one.uid)} is still not stored`);
    }
  }

  async #beforeTls(verb: string, secure: NonNullable<DialogueContext['secure']>): Promise<boolean> {
    const { stripped } = this.#context;
    const visit = this.#visit;
    if (verb === 'USER' || verb === 'PASS' || verb === 'AUTH') {
      visit.inClear = true;
      await this.#say('-ERR start TLS first (STLS)');
      return true;
    }
    if (verb === 'CAPA') await this.#say(`${BEFORE_TLS}${stripped ? '' : 'STLS\r\n'}.`);
    else if (verb === 'QUIT') {
      await this.#say('+OK');
      this.#peer.end();
      return false;
    } else if (verb !== 'STLS' || stripped) await this.#say('-ERR not known here');
    else {
      await this.#say('+OK begin TLS');
      this.#secure = undefined;
      this.#peer = new Peer(await secure(this.#peer.release()), this.#context.now);
    }
    return true;
  }

  async #wait(ms: number, what: string): Promise<void> {
    this.#context.note(this.#visit, `  ${what} comes ${(ms / 1000).toFixed(1)} s late`);
    for (const until = this.#context.now() + ms; this.#context.now() < until && !this.#peer.ended;) await pause(100);
    if (this.#peer.ended) this.#context.note(this.#visit, '  the program did not wait, and left');
  }

  async #answer(verb: string, line: string, last: boolean): Promise<void> {
    this.#context.note(this.#visit, `  the sandbox answered ${verb === '' ? 'at once ' : ''}${line}`);
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

  async #say(line: string): Promise<void> {
    await this.#peer.write(`${line}\r\n`);
  }

  end(): void {
    this.#peer.cut();
    this.#gateway.cut();
  }
}

/** Names and passwords are nobody's business, not in a report either. */
const shown = (verb: string, text: string): string =>
  verb === 'PASS' || verb === 'AUTH' ? `${verb} ...` : text.slice(0, 100);
