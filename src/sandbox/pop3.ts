/**
 * The dialogue between the program under test and the gateway's POP3 (RFC 1939), a command at a
 * time, with trouble where the scenario has it.
 *
 * What the mailbox calls each message is asked of the gateway right after the login, unseen by the
 * program: so it is known what a number means, also of a program that never asks for unique ids.
 */
import { remember, type Visit } from './facts.ts';
import type { Act } from './scenario.ts';
import type { Peer } from './peer.ts';
import { FAREWELLS, Sides } from './sides.ts';
import { toDot } from './to-dot.ts';
import { type Dialogue, type DialogueContext, pause } from './dialogue.ts';
import { uidsOf } from './upstream.ts';

const MANY = new Set(['RETR', 'TOP', 'CAPA', 'LIST', 'UIDL']);
/**
 * What is offered inside TLS, of what the gateway offers: a mechanism that is bound to its TLS
 * cannot work through the sandbox.
 */
const SASL = 'SASL PLAIN LOGIN';
const BEFORE_TLS = '+OK capabilities follow\r\nUIDL\r\nTOP\r\nRESP-CODES\r\n';

export class Pop3Dialogue implements Dialogue {
  readonly #context: DialogueContext;
  readonly #visit: Visit;
  readonly #sides: Sides;
  #uids = new Map<string, string>();
  /**
   * Numbers of messages that were handed out whole in this visit, and when the last line of each
   * was sent.
   */
  readonly #whole = new Map<string, number>();
  #lastWhole = 0;

  constructor(context: DialogueContext, visit: Visit, peer: Peer, gateway: Peer) {
    this.#context = context;
    this.#visit = visit;
    this.#sides = new Sides(context, visit, peer, gateway);
  }

  async run(): Promise<void> {
    await this.#talk();
    await this.#sides.readRest();
  }

  async #talk(): Promise<void> {
    const greeting = await this.#sides.gateway.line();
    const act = this.#context.act('greeting', this.#visit);
    if (act?.do === 'cut') return void this.#sides.cut('the line broke before the greeting');
    if (act?.do === 'wait') await this.#sides.wait(act.ms, 'the greeting');
    if (act?.do === 'answer') return await this.#sides.answer(act.line, true, 'at once ');
    await this.#sides.say(greeting?.text ?? '-ERR');
    for (;;) {
      const line = await this.#sides.program.line();
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
    if (this.#sides.beforeTls) return await this.#beforeTls(verb);
    if (!FAREWELLS.has(verb)) visit.commands++;
    if (verb === 'DELE') await this.#deleting(argument, came);
    if (verb === 'QUIT') await this.#leaving(came);
    const act = this.#context.act(verb, visit);
    switch (act?.do) {
      case 'cut':
        if (verb === 'QUIT') visit.quit = 'lost';
        this.#sides.cut(`the line broke at ${verb}, which the gateway never got`);
        return false;
      case 'answer':
        if (verb === 'QUIT') visit.quit = 'refused';
        await this.#sides.answer(act.line, act.cut === true || verb === 'QUIT');
        return act.cut !== true && verb !== 'QUIT';
      case 'lose':
        await this.#sides.gateway.write(`${text}\r\n`);
        await this.#sides.gateway.line();
        if (verb === 'QUIT') visit.quit = 'lost';
        this.#sides.cut(`the gateway did ${verb}, and its answer was lost with the line`);
        return false;
      case 'wait':
        await this.#sides.wait(act.ms, `the answer to ${verb}`);
        break;
      case 'first':
        await act.what();
        break;
      case 'break':
      case 'hold':
      case undefined:
    }
    return await this.#pass(verb, argument, text, act);
  }

  async #pass(verb: string, argument: string, text: string, act: Act | undefined): Promise<boolean> {
    await this.#sides.gateway.write(`${text}\r\n`);
    let reply = (await this.#sides.gateway.line())?.text;
    // SASL: the gateway asks, the program answers, and neither is written down.
    while (reply?.startsWith('+') === true && !reply.startsWith('+OK')) {
      await this.#sides.say(reply);
      if (!(await this.#sides.passOn())) return false;
      reply = (await this.#sides.gateway.line())?.text;
    }
    if (reply === undefined) return this.#sides.ended();
    const good = reply.startsWith('+OK');
    if ((verb === 'PASS' || verb === 'AUTH') && good) {
      this.#visit.loggedIn = true;
      this.#uids = await uidsOf(this.#sides.gateway);
    }
    if (verb === 'DELE' && good) this.#context.note(this.#visit, '  the gateway marks it');
    if (!good) this.#context.note(this.#visit, `  answered ${reply}`);
    if (verb === 'QUIT') this.#visit.quit = good ? 'done' : 'refused';
    if (good && MANY.has(verb) && !((verb === 'LIST' || verb === 'UIDL') && argument !== '')) {
      if (verb === 'CAPA') reply = await this.#capabilities(reply);
      else return await this.#body(verb, argument, reply, act);
    }
    await this.#sides.say(reply);
    if (verb === 'QUIT') this.#sides.program.end();
    return verb !== 'QUIT';
  }

  async #capabilities(first: string): Promise<string> {
    const lines = [first];
    for (let line = await this.#sides.gateway.line(); line !== undefined; line = await this.#sides.gateway.line()) {
      lines.push(line.text.startsWith('SASL ') ? SASL : line.text);
      if (line.text === '.') break;
    }
    return lines.join('\r\n');
  }

  /** An answer of many lines, as it comes. */
  async #body(verb: string, number: string, first: string, act: Act | undefined): Promise<boolean> {
    const { program, gateway } = this.#sides;
    await this.#sides.say(first);
    let sent = 0;
    const uid = this.#uids.get(number) ?? '';
    const fetched = (whole: boolean): void => {
      if (verb === 'RETR') remember(this.#visit.fetched, { uid, at: this.#context.facts.at(), whole });
    };
    const how = await toDot(gateway, async (piece) => {
      if (act?.do === 'break' && sent + piece.length > act.after) {
        await program.write(piece.subarray(0, Math.max(0, act.after - sent)));
        fetched(false);
        // The written octets must reach the program before the line is gone.
        await pause(50);
        return this.#sides.cut(`the line broke in the middle of ${this.#context.nameOf(uid)}`);
      }
      await program.write(piece);
      sent += piece.length;
      if (program.ended) fetched(false);
      return !program.ended;
    });
    if (how === 'stopped') return false;
    if (how === 'ended') return this.#sides.ended();
    if (act?.do === 'hold') await this.#sides.wait(act.ms, 'the last line of the message');
    this.#lastWhole = this.#context.now();
    if (verb === 'RETR') this.#whole.set(number, this.#lastWhole);
    await program.write('.\r\n');
    if (verb === 'RETR') {
      fetched(true);
      this.#context.note(this.#visit, `  ${this.#context.nameOf(uid)} was handed out whole, ${sent} octets`);
    }
    return true;
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

  /** A message that is deleted now must be stored elsewhere by now. */
  async #leaving(came: number): Promise<void> {
    for (const one of this.#visit.deleted) {
      const stored = one.stored === true ? true : await this.#context.stored(one.uid);
      one.atQuit = { early: came < this.#lastWhole, ...(stored !== undefined && { stored }) };
      if (stored === false) this.#context.note(this.#visit, `  ${this.#context.nameOf(one.uid)} is still not stored`);
    }
  }

  async #beforeTls(verb: string): Promise<boolean> {
    const { stripped } = this.#context;
    const visit = this.#visit;
    if (verb === 'USER' || verb === 'PASS' || verb === 'AUTH') {
      visit.inClear = true;
      await this.#sides.say('-ERR start TLS first (STLS)');
      return true;
    }
    if (verb === 'CAPA') await this.#sides.say(`${BEFORE_TLS}${stripped ? '' : 'STLS\r\n'}.`);
    else if (verb === 'QUIT') {
      await this.#sides.say('+OK');
      this.#sides.program.end();
      return false;
    } else if (verb !== 'STLS' || stripped) await this.#sides.say('-ERR not known here');
    else {
      await this.#sides.say('+OK begin TLS');
      await this.#sides.startTls();
    }
    return true;
  }

  end(): void {
    this.#sides.end();
  }
}

/** Names and passwords are nobody's business, not in a report either. */
const shown = (verb: string, text: string): string =>
  verb === 'PASS' || verb === 'AUTH' ? `${verb} ...` : text.slice(0, 100);
