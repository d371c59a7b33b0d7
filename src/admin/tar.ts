/** Sends an archive of files piece by piece, in the ustar format of POSIX.1-2001. */
import type { Instant } from '../domain/units.ts';
import { givenBack } from '../platform/given-back.ts';
import type { StoredContent } from '../store/body.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';

const BLOCK = 512;
/** Most octets of one piece. */
const PIECE = 48 * 1024;

export const sendHeader = (call: Call, name: string, size: number, at: Instant): Promise<void> =>
  sendTo(call, headerOf(name, size, at));

export const sendEnd = (call: Call): Promise<void> => sendTo(call, Buffer.alloc(2 * BLOCK));

/** Sends the octets of a file, padded to whole blocks. */
export async function sendContent(call: Call, content: StoredContent): Promise<void> {
  for await (const slice of givenBack(content)) await sendTo(call, slice);
  await sendTo(call, Buffer.alloc((BLOCK - (content.octets % BLOCK)) % BLOCK));
}

async function sendTo({ send }: Call, octets: Uint8Array): Promise<void> {
  if (send === undefined) throw new AdminError('invalid', 'Cannot give out a file: the caller takes none');
  for (let at = 0; at < octets.length; at += PIECE)
    await send(Buffer.from(octets.subarray(at, at + PIECE)).toString('latin1'));
}

/** The header block of a file in the archive. `name`: ASCII, at most 100 characters. */
function headerOf(name: string, size: number, at: Instant): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, digits: number): void => {
    header.write(`${value.toString(8).padStart(digits, '0')}\0`, offset, 'latin1');
  };
  header.write(name, 0, 100, 'latin1');
  octal(0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(Math.floor(at / 1000), 136, 11);
  // For the checksum, the checksum field itself counts as spaces.
  header.write('        ', 148, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  octal(
    header.reduce((sum, octet) => sum + octet, 0),
    148,
    6,
  );
  return header;
}
