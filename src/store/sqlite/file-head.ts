/**
 * What the first page of a database file tells of it, read without opening the database:
 * https://www.sqlite.org/fileformat.html section 1.3.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { type FileShape } from './database.ts';

export interface FileHead extends FileShape {
  readonly octets: number;
  /** Octets in free pages, as of when the log was last copied back. */
  readonly freeOctets: number;
}

const OCTETS = 100;

/** The head of a database file; undefined if there is no such file, or it is no database. */
export function fileHead(path: string): FileHead | undefined {
  const head = Buffer.alloc(OCTETS);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    if (readSync(file, head, 0, OCTETS, 0) < OCTETS || head.toString('latin1', 0, 15) !== 'SQLite format 3')
      return undefined;
  } finally {
    closeSync(file);
  }
  const size = head.readUInt16BE(16);
  const pageOctets = size === 1 ? 65_536 : size;
  return {
    pageOctets,
    shrinks: head.readUInt32BE(52) !== 0,
    octets: head.readUInt32BE(28) * pageOctets,
    freeOctets: head.readUInt32BE(36) * pageOctets,
  };
}
