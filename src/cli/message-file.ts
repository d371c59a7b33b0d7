/**
 * Reads a message from a file in the form that the gateway takes: one character an octet, with line
 * ends CRLF. Mail programs on Unix save messages with bare LF, which is not what was signed. A bare
 * smime.p7m gets the header back that it once came with.
 */
import type { Readable } from 'node:stream';
import { CommandError } from './exit.ts';

const HEADER = 'Content-Type: application/pkcs7-mime; name="smime.p7m"\r\nContent-Transfer-Encoding: binary\r\n\r\n';
/** The first octet of a sequence in DER or BER. */
const SEQUENCE = 0x30;

/** The form of the file, which its first piece decides. */
type Form = 'cms' | 'crlf' | 'lf';

function formOf(piece: Buffer): Form {
  if (piece[0] === SEQUENCE) return 'cms';
  const end = piece.indexOf(10);
  return end > 0 && piece[end - 1] !== 13 ? 'lf' : 'crlf';
}

export async function* messageFile(
  file: string,
  open: (file: string) => Readable,
): AsyncGenerator<string, void, undefined> {
  let form: Form | undefined;
  let last = '';
  try {
    for await (const piece of open(file) as AsyncIterable<Buffer>) {
      if (form === undefined) {
        form = formOf(piece);
        if (form === 'cms') yield HEADER;
      }
      const text = piece.toString('latin1');
      // A CR at the end of the previous piece belongs to an LF at the beginning of this one.
      yield form === 'lf' ? (last + text).replace(/\r?\n/g, '\r\n').slice(last.length) : text;
      last = form === 'lf' && text.endsWith('\r') ? '\r' : '';
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CommandError('usage', `Cannot read "${file}": ${code}; name a file that you may read`);
  }
}
