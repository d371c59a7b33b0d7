/**
 * The thread that looks at the beginning of a tested message with mailparser. It is here, and only
 * here, that a library decodes a message: what is submitted, stored and handed out is never rebuilt
 * from a parser. It ends after one message, or is ended.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type AddressObject, simpleParser } from 'mailparser';
import { visible } from '../domain/visible.ts';
import { MimeWalk } from '../mime/walk.ts';
import { type LookedAtPart, MAX_FILES, MAX_LINE, MAX_LINES, type View } from './view.ts';

const MAX_FIELD = 200;
const MAX_PARTS = 100;

/** Leaves with the character set that each declares, and what its octets are. */
export function lookAtParts(sample: Buffer): readonly LookedAtPart[] {
  const parts: { -readonly [K in keyof LookedAtPart]: LookedAtPart[K] }[] = [];
  const walk = new MimeWalk((path, { type, charset }) => {
    if (parts.length >= MAX_PARTS) return undefined;
    const part = { path, type, charset, eightBit: false, utf8: true };
    parts.push(part);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const decode = (octets?: Buffer): void => {
      if (!part.utf8) return;
      try {
        decoder.decode(octets, { stream: octets !== undefined });
      } catch {
        part.utf8 = false;
      }
    };
    return {
      write: (octets) => {
        part.eightBit ||= octets.some((octet) => octet > 127);
        decode(octets);
      },
      end: () => decode(),
    };
  });
  walk.write(sample);
  walk.end();
  return parts;
}

const addresses = (field: AddressObject | AddressObject[] | undefined): string =>
  (Array.isArray(field) ? field : field === undefined ? [] : [field]).map((a) => a.text).join(', ');

export async function viewOf(sample: Buffer): Promise<View> {
  const parsed = await simpleParser(sample, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    skipImageLinks: true,
    maxHtmlLengthToParse: 64 * 1024,
  });
  const end = sample.indexOf('\r\n\r\n');
  const head = sample.subarray(0, end < 0 ? sample.length : end);
  const { date } = parsed;
  return {
    subject: visible(parsed.subject ?? '', MAX_FIELD),
    from: visible(addresses(parsed.from), MAX_FIELD),
    to: visible(addresses(parsed.to), MAX_FIELD),
    date: date === undefined || Number.isNaN(date.getTime()) ? '' : date.toISOString(),
    text: (parsed.text ?? '')
      .slice(0, MAX_LINES * 4 * MAX_LINE)
      .trimEnd()
      .split(/\r?\n/)
      .slice(0, MAX_LINES)
      .map((line) => visible(line, MAX_LINE)),
    files: parsed.attachments.slice(0, MAX_FILES).map(({ filename, contentType, size }) => ({
      name: visible(filename ?? '', MAX_FIELD),
      type: visible(contentType, MAX_FIELD),
      octets: size,
    })),
    parts: lookAtParts(sample),
    mimeVersion: parsed.headers.has('mime-version'),
    headerEightBit: head.some((octet) => octet > 127),
  };
}

if (parentPort !== null) {
  const port = parentPort;
  const { sample } = workerData as { readonly sample: Uint8Array };
  port.postMessage(await viewOf(Buffer.from(sample.buffer, sample.byteOffset, sample.byteLength)));
}
