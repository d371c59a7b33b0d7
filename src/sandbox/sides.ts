/**
 * The program under test on one side and the gateway on the other, in one visit: what both
 * dialogues do with them.
 */
import type { DialogueContext } from './dialogue.ts';
import { pause } from './dialogue.ts';
import type { Visit } from './facts.ts';
import { Peer } from './peer.ts';

/** What a library may send on its way out; it asks for nothing. */
export const FAREWELLS: ReadonlySet<string> = new Set(['QUIT', 'RSET']);

export class Sides {
  readonly gateway: Peer;
  readonly #context: DialogueContext;
  readonly #visit: Visit;
  #program: Peer;
  #secure: DialogueContext['secure'];

  constructor(context: DialogueContext, visit: Visit, program: Peer, gateway: Peer) {
    this.#context = context;
    this.#visit = visit;
    this.#program = program;
    this.gateway = gateway;
    this.#secure = context.secure;
  }

  get program(): Peer {
    return this.#program;
  }

  /** The handshake; undefined once the line has TLS. */
  get beforeTls(): boolean {
    return this.#secure !== undefined;
  }

  async startTls(): Promise<void> {
    const secure = this.#secure;
    if (secure === undefined) return;
    this.#secure = undefined;
    this.#program = new Peer(await secure(this.#program.release()), this.#context.now);
  }

  /**
   * A program that left at once has said what it said, though nobody answered: a password is out.
   */
  async readRest(): Promise<void> {
    while (this.#program.ended) {
      const line = await this.#program.line();
      if (line === undefined) return;
      if (/^(?:PASS|AUTH) /i.test(line.text)) this.#visit.logins++;
    }
  }

  async say(line: string): Promise<void> {
    await this.#program.write(`${line}\r\n`);
  }

  /**
   * What the program says in the middle of a login, to the gateway; it is written down nowhere.
   * False: the program has gone.
   */
  async passOn(): Promise<boolean> {
    const more = await this.#program.line();
    if (more === undefined) return false;
    await this.gateway.write(`${more.text}\r\n`);
    return true;
  }

  async wait(ms: number, what: string): Promise<void> {
    const { now } = this.#context;
    this.#note(`${what} comes ${(ms / 1000).toFixed(1)} s late`);
    for (const until = now() + ms; now() < until && !this.#program.ended;) await pause(100);
    if (this.#program.ended) this.#note('the program did not wait, and left');
  }

  /** Answers in place of the gateway. `last`: and ends the line. */
  async answer(line: string, last: boolean, how = ''): Promise<void> {
    this.#note(`the sandbox answered ${how}${line}`);
    await this.say(line);
    if (last) this.ended();
  }

  /** Cuts the line. Returns false, by which a command handler says that the visit is over. */
  cut(why: string): false {
    this.#note(why);
    this.#visit.cut = true;
    this.#program.cut();
    return false;
  }

  ended(): false {
    this.#visit.cut = true;
    this.#program.end();
    return false;
  }

  end(): void {
    this.#program.cut();
    this.gateway.cut();
  }

  #note(text: string): void {
    this.#context.note(this.#visit, `  ${text}`);
  }
}
