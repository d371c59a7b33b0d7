/**
 * The lines of an export as octets. The last line holds the SHA-256 of all octets before it. The
 * chain already protects the rows; this hash protects the first line and the spaces, and shows that
 * the file is complete. Somebody who changes an export on purpose can compute it again, but anchors
 * reveal that.
 */
import { type Hash, createHash } from 'node:crypto';
import { accessSync, constants, createReadStream } from 'node:fs';
import { MAX_EXPORT_LINE } from '../crypto/trail/audit-export.ts';
import { CommandError } from './exit.ts';
import { fileCode } from './new-file.ts';

const END = '{"end":';
const SEALED = '"sealed":true';

/** Takes the octets of an export as they are written, and makes its last line. */
export class ExportSeal {
  readonly #hash: Hash = createHash('sha256');

  take(text: string): string {
    this.#hash.update(text);
    return text;
  }

  end(): string {
    return endLine(this.#hash.digest('hex'));
  }
}

const endLine = (sha256: string): string => `${END}{"sha256":"${sha256}"}}\n`;

export class UnsealedExport extends Error {
  override readonly name = 'UnsealedExport';
}

/**
 * Yields the lines. Throws UnsealedExport after the last row if these are not the octets that were
 * written. An export without such a last line is read as it is.
 */
export async function* exportLines(path: string): AsyncGenerator<string, void, undefined> {
  const hash = createHash('sha256');
  let sealed: boolean | undefined;
  let ended = false;
  for await (const line of octetLines(path)) {
    if (ended) throw new UnsealedExport('lines stand behind its last one');
    const text = line.toString('utf8');
    sealed ??= text.includes(SEALED);
    if (text.startsWith(END)) {
      ended = true;
      if (text !== endLine(hash.digest('hex')))
        throw new UnsealedExport(
          'octets that no row covers are not as they were written: the first line, the last one, or the spacing',
        );
    } else {
      hash.update(line);
      yield text.endsWith('\n') ? text.slice(0, -1) : text;
    }
  }
  if (sealed === true && !ended) throw new UnsealedExport('it ends early: its last line is missing');
}

/** Joins the pieces of one line. `octetLines` limits the length of a line. */
function joined(pieces: readonly Buffer[]): Buffer {
  const whole = Buffer.alloc(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) at += piece.copy(whole, at);
  return whole;
}

/**
 * The lines with their ends. Only LF ends a line: a reader that also accepts CR would miss a
 * changed octet.
 */
async function* octetLines(path: string): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer[] = [];
  let octets = 0;
  refuseUnreadable(path);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield joined([...held, chunk.subarray(from, at + 1)]);
      held = [];
      octets = 0;
      from = at + 1;
    }
    if (from === chunk.length) continue;
    held.push(chunk.subarray(from));
    if ((octets += chunk.length - from) > 2 * MAX_EXPORT_LINE)
      throw new UnsealedExport('a line is longer than any that is written');
  }
  if (held.length > 0) yield joined(held);
}

/**
 * A mistyped file name is a wrong value. Without this check, the stream's error would look like a
 * fault of the machine.
 */
function refuseUnreadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    const { code = 'it failed' } = error as NodeJS.ErrnoException;
    throw new CommandError(fileCode(error), `Cannot read "${path}": ${code}; name a file that you may read`);
  }
}
