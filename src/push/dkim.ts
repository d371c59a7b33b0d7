/**
 * Signs mail for partners who want that (DKIM, RFC 6376). The content stays as it is stored, octet
 * for octet; one field for each key is put in front of it.
 *
 * The key is that of the domain in From, or of a domain above it. If there is none, it is that of
 * the gateway's own name, which every gateway that signs has. The content is read once for the hash
 * of its body, and once more when it is sent.
 */
import { domainToASCII } from 'node:url';
import { type DkimKey, dkimField } from '../crypto/dkim/dkim.ts';
import { RelaxedBody } from '../crypto/dkim/dkim-body.ts';
import { keysFor } from '../crypto/dkim/dkim-keys.ts';
import type { Clock } from '../domain/effects.ts';
import { Counts } from '../domain/counts.ts';
import { KiB, type Octets, octets } from '../domain/units.ts';
import { readMailboxes } from '../mime/address-list.ts';
import { type Header, fieldText, fieldsNamed, headerEnd, readHeader } from '../mime/header.ts';
import { JOIN_LIMIT, joinSmall } from '../platform/bytes.ts';

export interface Signable {
  readonly octets: Octets;
  /** The content; may be read more than once. */
  readonly slices: () => AsyncIterable<Uint8Array>;
}

export interface SignedCopy extends Signable {
  /** The domain that signed. */
  readonly domain: string;
}

/**
 * Most octets of a header that is signed. An accepted header has at most 256 KiB, and the gateway
 * adds fields to it.
 */
const MOST_HEADER = 512 * KiB;

/** The attempt ended while its message was being signed. */
export class SigningEnded extends Error {
  override readonly name = 'SigningEnded';
}

export class DkimSigner {
  readonly #keys: readonly DkimKey[];
  readonly #own: readonly DkimKey[];
  readonly #clock: Clock;
  /** Signatures, by algorithm; for metrics. */
  readonly made = new Counts(['algorithm']);

  /** `hostname`: the gateway's own name. */
  constructor(keys: readonly DkimKey[], hostname: string, clock: Clock) {
    this.#keys = keys;
    this.#own = keysFor(keys, hostname);
    this.#clock = clock;
    for (const algorithm of ['ed25519-sha256', 'rsa-sha256']) this.made.add([algorithm], 0);
  }

  /** True if there is a key for the gateway's own name, so that every message can be signed. */
  get ready(): boolean {
    return this.#own.length > 0;
  }

  /** Signs the content. Rejects if it cannot be read, and with SigningEnded. */
  async sign(content: Signable, signal: AbortSignal): Promise<SignedCopy> {
    const [header, hash] = await read(content.slices(), signal);
    const domain = fromDomain(header);
    const found = domain === undefined ? [] : keysFor(this.#keys, domain);
    const keys = found.length > 0 ? found : this.#own;
    const [first] = keys;
    if (first === undefined) throw new Error('there is no DKIM key for the name of this gateway');
    const fields = keys.map((key) => dkimField(header, hash, key, this.#clock.now()));
    for (const { algorithm } of keys) this.made.add([algorithm]);
    const front = Buffer.from(fields.join(''), 'latin1');
    return {
      domain: first.domain,
      octets: octets(front.length + content.octets),
      slices: () => inFrontOf(front, content.slices()),
    };
  }
}

/** Reads the header, and the hash of the body. */
async function read(slices: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<readonly [Header, string]> {
  const body = new RelaxedBody();
  let header: Header | undefined;
  let head: Buffer = Buffer.alloc(0);
  for await (const slice of slices) {
    if (signal.aborted) throw new SigningEnded();
    if (header !== undefined) {
      body.update(slice);
      continue;
    }
    const before = head.length;
    head = longer(head, slice.subarray(0, MOST_HEADER - before));
    const end = headerEnd(head, before);
    if (end < 0 && head.length === MOST_HEADER) throw new Error('its header does not end');
    if (end < 0) continue;
    header = headerOf(head.subarray(0, end));
    body.update(slice.subarray(end - before));
  }
  // If no end of the header was found, the content is a header alone, without the empty line behind
  // it.
  return [header ?? headerOf(head), body.digest()];
}

function longer(head: Buffer, more: Uint8Array): Buffer {
  const joined = Buffer.allocUnsafe(head.length + more.length);
  joined.set(head);
  joined.set(more, head.length);
  return joined;
}

function headerOf(octetsOf: Buffer): Header {
  const header = readHeader(octetsOf);
  if (!header.ok) throw new Error(`its header cannot be signed: ${header.error}`);
  return header.value;
}

function fromDomain(header: Header): string | undefined {
  const [from] = fieldsNamed(header, 'from');
  const mailboxes = from === undefined ? undefined : readMailboxes(fieldText(header, from));
  const address = mailboxes?.ok === true ? mailboxes.value[0] : undefined;
  const domain = address?.slice(address.lastIndexOf('@') + 1);
  return domain === undefined ? undefined : domainToASCII(domain.normalize('NFC').toLowerCase());
}

/** Small content comes in one piece, since the courier sends such a message at once. */
async function* inFrontOf(front: Buffer, slices: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Buffer | undefined = front;
  for await (const slice of slices) {
    if (waiting !== undefined && waiting.length + slice.length <= JOIN_LIMIT) {
      yield joinSmall([waiting, slice]);
    } else {
      if (waiting !== undefined) yield waiting;
      yield slice;
    }
    waiting = undefined;
  }
  if (waiting !== undefined) yield waiting;
}
