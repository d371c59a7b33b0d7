/**
 * What was sent with a form: url-encoded or multipart (browsers, curl), or JSON (programs). Whole
 * and bounded before anything of it is read; each field once.
 *
 * RFC 7578 (multipart/form-data), WHATWG URL section 5 (application/x-www-form-urlencoded).
 */
import type { IncomingMessage } from 'node:http';
import { type Result, fail, ok } from '../domain/result.ts';
import { readStrictJson } from '../platform/strict-json.ts';

/** Octets of a form: a certificate request of an RSA key of 8192 bits has 6 KB. */
export const MAX_FORM = 16 * 1024;
/**
 * What of a form that is too large is still read, so that its sender gets the answer and no reset.
 */
const MAX_DISCARDED = 256 * 1024;
export const MAX_FIELDS = 16;
export const FIELD_NAME = /^[a-z]{1,20}$/;

export type Fields = ReadonlyMap<string, Buffer>;
export type FormFault = 'too-large' | 'type' | 'malformed' | 'gone';

/** Reads a form. Never rejects. */
export async function readForm(request: IncomingMessage): Promise<Result<Fields, FormFault>> {
  const body = await readBody(request);
  if (!body.ok) return body;
  const type = request.headers['content-type'] ?? '';
  const [name = ''] = type.split(';', 1);
  switch (name.trim().toLowerCase()) {
    case 'application/x-www-form-urlencoded':
      return fieldsOf([...new URLSearchParams(body.value.toString('utf8'))].map(([n, v]) => [n, Buffer.from(v)]));
    case 'application/json':
      return jsonFields(body.value);
    case 'multipart/form-data':
      return partFields(body.value, type);
    default:
      return fail('type');
  }
}

/** Reads the body, whatever its type, up to `MAX_FORM`. Never rejects. */
export async function readBody(request: IncomingMessage): Promise<Result<Buffer, 'too-large' | 'gone'>> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > MAX_DISCARDED) return fail('too-large');
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > MAX_DISCARDED) return fail('too-large');
      if (length <= MAX_FORM) pieces.push(piece);
    }
  } catch {
    return fail('gone');
  }
  return length > MAX_FORM ? fail('too-large') : ok(Buffer.concat(pieces));
}

/** Fields of other names are left alone; a name that stands twice means two things at once. */
export function fieldsOf(entries: readonly (readonly [string, Buffer])[]): Result<Fields, FormFault> {
  const fields = new Map<string, Buffer>();
  if (entries.length > MAX_FIELDS) return fail('malformed');
  for (const [name, value] of entries) {
    if (!FIELD_NAME.test(name)) continue;
    if (fields.has(name)) return fail('malformed');
    fields.set(name, value);
  }
  return ok(fields);
}

function jsonFields(body: Buffer): Result<Fields, FormFault> {
  const read = readStrictJson(body.toString('utf8'));
  if (!read.ok) return fail('malformed');
  const { value } = read;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('malformed');
  const entries: [string, Buffer][] = [];
  for (const [name, text] of Object.entries(value)) {
    if (text === null) continue;
    if (typeof text !== 'string') return fail('malformed');
    entries.push([name, Buffer.from(text)]);
  }
  return fieldsOf(entries);
}

/** What stands between the parts of a form, as its Content-Type says. */
export function boundaryOf(type: string): string | undefined {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type);
  return boundary?.[1] ?? boundary?.[2];
}

/** Name of a part of a form, from its head. */
export const partName = (head: string): string | undefined =>
  /^content-disposition:\s*form-data;[^\r\n]*?\bname="([^"\r\n]*)"/im.exec(head)?.[1];

function partFields(body: Buffer, type: string): Result<Fields, FormFault> {
  const mark = boundaryOf(type);
  if (mark === undefined) return fail('malformed');
  const entries: [string, Buffer][] = [];
  // The first delimiter may lack the line end before it.
  const text = Buffer.concat([Buffer.from('\r\n'), body]);
  const delimiter = Buffer.from(`\r\n--${mark}`);
  let at = text.indexOf(delimiter);
  while (at >= 0) {
    const from = at + delimiter.length;
    if (text.toString('latin1', from, from + 2) === '--') return fieldsOf(entries);
    const head = text.indexOf('\r\n\r\n', from);
    const next = text.indexOf(delimiter, from);
    if (head < 0 || next < head || entries.length > MAX_FIELDS) return fail('malformed');
    const name = partName(text.toString('latin1', from, head));
    if (name === undefined) return fail('malformed');
    entries.push([name, text.subarray(head + 4, next)]);
    at = next;
  }
  return fail('malformed');
}
