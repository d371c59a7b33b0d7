/**
 * The client's own record of what was acknowledged. Each message is written down after its `250`
 * was read, and is later looked for over POP3.
 *
 * A message is `lost` if it was acknowledged and is in no mailbox; `duplicated` if it is there
 * twice; `damaged` if the octets below the gateway's own trace lines are not those that were sent.
 * A message that was never acknowledged may be there once or not at all.
 */
import { createHash } from 'node:crypto';
import { chance } from './chance.ts';

export interface LedgerMessage {
  readonly key: string;
  /** The message as it is sent, with dots stuffed. */
  readonly wire: Buffer;
  /** Number of octets without the stuffed dots. */
  readonly octets: number;
  readonly sha256: string;
}

/** The content of a message, besides the fields that the ledger needs. */
export interface LedgerContent {
  readonly from?: string;
  readonly content?: (key: string) => { readonly fields: string; readonly body: string };
}

interface Sum {
  readonly octets: number;
  readonly sha256: string;
}
/** `inner`: the sum of the body alone. */
interface Entry extends Sum {
  readonly inner: Sum;
  id?: string;
}

export interface LedgerReport {
  readonly acknowledged: number;
  /**
   * Filed although no `250` was read. That is allowed, if the connection broke before the answer.
   */
  readonly unacknowledged: number;
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly damaged: readonly string[];
}

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

export class Ledger {
  readonly #sender: string;
  readonly #attempted = new Map<string, Entry>();
  readonly #found = new Map<string, number>();
  readonly #damaged: string[] = [];
  #next = 0;

  constructor(sender: string) {
    this.#sender = sender;
  }

  /**
   * Makes a message of about `size` octets, whose body nobody can guess and in which some lines
   * begin with dots. `content` makes another one: header fields that describe it (each with its
   * CRLF), and a body.
   */
  compose(size: number, { from = this.#sender, content }: LedgerContent = {}): LedgerMessage {
    const key = `k${(this.#next++).toString().padStart(7, '0')}`;
    const made = content?.(key);
    const head =
      `From: <${from}>\r\nTo: ledger@ledger.test\r\nSubject: ledger ${key}\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\n` +
      `Message-ID: <${key}@ledger.test>\r\nX-Ledger: ${key}\r\n${made?.fields ?? ''}\r\n`;
    const body = made?.body ?? Ledger.#unguessable(size - head.length);
    const sent = Buffer.from(head + body, 'latin1');
    const wire = Buffer.from(head + body.replace(/^\./, '..').replaceAll('\r\n.', '\r\n..'), 'latin1');
    const message = { key, wire, octets: sent.length, sha256: sha256(sent) };
    const inner = { octets: body.length, sha256: sha256(Buffer.from(body, 'latin1')) };
    this.#attempted.set(key, { octets: message.octets, sha256: message.sha256, inner });
    return message;
  }

  static #unguessable(size: number): string {
    const random = chance.octets(Math.ceil((Math.max(0, size) * 3) / 4)).toString('base64');
    const lines: string[] = [];
    for (let at = 0; at < random.length; at += 74)
      lines.push(`${chance.below(16) === 0 ? '.' : ''}${random.slice(at, at + 74)}`);
    lines.push('.', '..', '');
    return lines.join('\r\n');
  }

  /** Call it after the `250` was read, with the id in that reply. */
  acknowledge(message: LedgerMessage, id: string): void {
    const entry = this.#attempted.get(message.key);
    if (entry !== undefined) entry.id = id;
  }

  /**
   * What a fetched message is. `id`: the id in our trace lines. Undefined if it is none of the
   * ledger's.
   */
  read(
    content: Buffer,
  ): { readonly key: string; readonly id: string | undefined; readonly intact: boolean } | undefined {
    const parts = this.#parts(content);
    if (parts === undefined) return undefined;
    const { key, entry, own, trace } = parts;
    return { key, id: /\r\n\tid ([0-9a-z]{13})\b/.exec(trace)?.[1], intact: sha256(own) === entry.sha256 };
  }

  /**
   * Splits a fetched message: what the gateway wrote on top, and below it the octets that were
   * sent.
   */
  #parts(content: Buffer): { key: string; entry: Entry; own: Buffer; trace: string } | undefined {
    const head = content.toString('latin1', 0, content.indexOf('\r\n\r\n'));
    const key = /^X-Ledger: (k\d+)$/m.exec(head)?.[1];
    const entry = key === undefined ? undefined : this.#attempted.get(key);
    if (key === undefined || entry === undefined) return undefined;
    const at = Math.max(0, content.length - entry.octets);
    return { key, entry, own: content.subarray(at), trace: content.toString('latin1', 0, at) };
  }

  /** Checks one message as POP3 gave it. */
  found(content: Buffer): void {
    const parts = this.#parts(content);
    if (parts === undefined) {
      this.#damaged.push('a message without a known key');
      return;
    }
    const { key, entry, own, trace } = parts;
    this.#found.set(key, (this.#found.get(key) ?? 0) + 1);
    if (sha256(own) !== entry.sha256) this.#damaged.push(`${key}: other octets than were sent`);
    else if (!/^Authentication-Results: [^\r]*; none\r\nReceived: /.test(trace))
      this.#damaged.push(`${key}: no verdict and Received line of ours`);
    else if (entry.id !== undefined && !trace.includes(entry.id))
      this.#damaged.push(`${key}: the trace does not name ${entry.id}`);
  }

  /**
   * Checks one message that came protected. `opened`: what was in it. Its header may differ, but it
   * ends with the body that was sent.
   */
  foundProtected(content: Buffer, opened: Buffer): void {
    const head = content.toString('latin1', 0, content.indexOf('\r\n\r\n'));
    const named = /\b(k\d{7})@ledger\.test/;
    const key = (named.exec(head) ?? named.exec(opened.toString('latin1', 0, 8192)))?.[1];
    const entry = key === undefined ? undefined : this.#attempted.get(key);
    if (key === undefined || entry === undefined) {
      this.#damaged.push('a protected message without a known key');
      return;
    }
    this.#found.set(key, (this.#found.get(key) ?? 0) + 1);
    if (sha256(opened.subarray(Math.max(0, opened.length - entry.inner.octets))) !== entry.inner.sha256)
      this.#damaged.push(`${key}: other octets were opened than were sent`);
  }

  /** Number of messages that were acknowledged but not yet found. */
  get missing(): number {
    let n = 0;
    for (const [key, { id }] of this.#attempted) if (id !== undefined && !this.#found.has(key)) n += 1;
    return n;
  }

  get acknowledged(): number {
    let n = 0;
    for (const { id } of this.#attempted.values()) if (id !== undefined) n += 1;
    return n;
  }

  report(): LedgerReport {
    const lost: string[] = [];
    let unacknowledged = 0;
    for (const [key, { id }] of this.#attempted) {
      if (id !== undefined && !this.#found.has(key)) lost.push(`${key} (${id})`);
      if (id === undefined && this.#found.has(key)) unacknowledged += 1;
    }
    const duplicated = [...this.#found].filter(([, n]) => n > 1).map(([key, n]) => `${key}: ${n} times`);
    return { acknowledged: this.acknowledged, unacknowledged, lost, duplicated, damaged: [...this.#damaged] };
  }
}
