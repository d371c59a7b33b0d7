/**
 * PEM armour (RFC 7468): finds blocks in a text and writes them. Text around the blocks is allowed,
 * as every tool writes some.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import type { Unreadable } from './ber.ts';

export interface PemBlock {
  readonly label: string;
  readonly octets: Buffer;
}

const MAX_BLOCKS = 1000;
const BEGIN = '-----BEGIN ';
const DASHES = '-----';

/**
 * All blocks, in order. A block without an end, or with other characters than base64, is refused
 * with its number.
 */
export function decodePem(text: string): Result<readonly PemBlock[], Unreadable> {
  const blocks: PemBlock[] = [];
  const bad = (at: number, why: string): Result<never, Unreadable> =>
    fail({
      kind: 'malformed',
      text: `Cannot read PEM block ${blocks.length + 1}: ${why} (at offset ${at})`,
      offset: at,
    });
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
    const labelEnd = text.indexOf(DASHES, at + BEGIN.length);
    const label = text.slice(at + BEGIN.length, labelEnd < 0 ? at : labelEnd);
    if (!/^[A-Z0-9 #-]{1,40}$/.test(label)) return bad(at, 'its first line has no label');
    const ending = `-----END ${label}-----`;
    const end = text.indexOf(ending, labelEnd);
    if (end < 0) return bad(at, `the line "${ending}" is missing`);
    const body = text.slice(labelEnd + DASHES.length, end);
    if (!/^[A-Za-z0-9+/=\s]*$/.test(body)) return bad(at, 'it has characters that are not base64');
    if (blocks.length >= MAX_BLOCKS) return bad(at, `there are more than ${MAX_BLOCKS} blocks`);
    blocks.push({ label, octets: Buffer.from(body, 'base64') });
    at = end + ending.length;
  }
  return ok(blocks);
}

/** One block with lines of 64 characters and a final line end. */
export function encodePem(label: string, octets: Uint8Array): string {
  const base64 = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += 64) lines.push(base64.slice(at, at + 64));
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * DER of everything that we read begins with a SEQUENCE; no PEM file begins with "0", and an octet
 * above 0x20 is no proof.
 */
const isDer = (input: Buffer): boolean => input[0] === 0x30 && !input.subarray(0, 4096).includes(BEGIN);

/** The octets of a file that is DER, or PEM with one block of one of these labels. */
export function derOf(input: Buffer | string, what: string, ...labels: readonly string[]): Result<Buffer, Unreadable> {
  const all = derListOf(input, what, ...labels);
  if (!all.ok) return all;
  const [only, ...more] = all.value;
  return only !== undefined && more.length === 0 ? ok(only) : notFitting(what, labels, `${all.value.length} of them`);
}

/**
 * The octets of a file that is DER, or PEM with one or more blocks of one of these labels, in
 * order.
 */
export function derListOf(
  input: Buffer | string,
  what: string,
  ...labels: readonly string[]
): Result<readonly Buffer[], Unreadable> {
  if (typeof input !== 'string' && isDer(input)) return ok([input]);
  const blocks = decodePem(typeof input === 'string' ? input : input.toString('latin1'));
  if (!blocks.ok) return blocks;
  const fitting = blocks.value.filter((block) => labels.includes(block.label));
  if (fitting.length > 0) return ok(fitting.map(({ octets }) => octets));
  return notFitting(what, labels, blocks.value.map((b) => b.label).join(', ') || 'no PEM block');
}

const notFitting = (what: string, labels: readonly string[], found: string): Result<never, Unreadable> =>
  fail({
    kind: 'malformed',
    text: `Cannot read the ${what}: found ${found}, expected DER or one PEM block "${labels.join('" or "')}"`,
  });
