/**
 * Writes the replies of a session in one form, ours and the library's, and sends those of one turn
 * in one write.
 *
 * A text of smtp-server is replaced by ours: peers hear nothing of its internals, and always a code
 * of the right class.
 */
import type { Refusal } from '../domain/refusal.ts';
import { spoken } from '../domain/spoken.ts';
import { type Success, ofLibrary, replies } from './replies.ts';

export interface ReplySession {
  /** Name of the gateway, as the greeting has it. */
  readonly name: () => string;
  readonly secure: () => boolean;
  readonly write: (octets: Buffer) => void;
  /** Adds to a refusal how the helpdesk is reached (`replyWords`). */
  readonly says: (text: string) => string;
}

export class ReplyWriter {
  readonly #session: ReplySession;
  #out = '';

  constructor(session: ReplySession) {
    this.#session = session;
  }

  /**
   * A reply of ours; `status`: its enhanced status code, empty if it has none. Returns the code
   * that was said.
   */
  say(code: number, text: string, status: string): number {
    this.#add(`${code} ${status === '' ? '' : `${status} `}${code >= 400 ? this.#session.says(text) : text}\r\n`);
    return code;
  }

  /**
   * What the library says. It also names a context, which is left unread: at an unknown command it
   * is the client's own first word.
   */
  ofLibrary(code: number, data?: string | string[] | null): number {
    if (Array.isArray(data)) {
      this.#add(data.map((line, i) => `${code}${i < data.length - 1 ? '-' : ' '}${line}\r\n`).join(''));
      return code;
    }
    const known = this.#translated(code, data ?? '');
    return known === undefined ? this.say(code, data ?? '', '') : this.say(known.reply, spoken(known), known.status);
  }

  flush(): void {
    const out = this.#out;
    this.#out = '';
    // Sent as octets: for a string Node makes one more copy on its way into TLS (measured 12 % of
    // the main thread at 64 connections).
    if (out !== '') this.#session.write(Buffer.from(out, 'latin1'));
  }

  #translated(code: number, text: string): Refusal | Success | undefined {
    const name = this.#session.name();
    const known = ofLibrary.get(text.startsWith(`${name} `) ? text.slice(name.length + 1) : text);
    if (known === replies.needLogin && !this.#session.secure()) return replies.needTlsForMail;
    // A text that this version of the table does not know, such as one of a newer library.
    return known ?? (code >= 500 ? replies.argument : code >= 400 ? replies.internal : undefined);
  }

  /**
   * Replies to pipelined commands leave in one TLS record: the write runs in a tick, after
   * everything that could still reply in this turn.
   */
  #add(lines: string): void {
    if (this.#out === '') process.nextTick(() => this.flush());
    this.#out += lines;
  }
}
