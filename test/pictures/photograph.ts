/**
 * Pictures of pages in docs/, each with what its page said when it was taken:
 * `test/golden/pictures/NAME.txt`, whose first line is the hash of the picture.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const pictureAt = (name: string): string => join(root, 'docs', `${name}.png`);
const textAt = (name: string): string => join(root, 'test', 'golden', 'pictures', `${name}.txt`);
const hashOf = (picture: Buffer): string => createHash('sha256').update(picture).digest('hex');

export interface Photograph {
  readonly text: string;
  readonly octets: number;
}

/** Fails if the picture is not the one that was taken with the text. */
export function photographed(name: string): Photograph {
  const picture = readFileSync(pictureAt(name));
  const [hash, ...lines] = readFileSync(textAt(name), 'utf8').split('\n');
  assert.equal(hashOf(picture), hash, `docs/${name}.png is not the picture that was taken`);
  return { text: lines.join('\n'), octets: picture.length };
}

export function keepPhotograph(name: string, picture: Buffer, text: string): void {
  writeFileSync(pictureAt(name), picture);
  writeFileSync(textAt(name), `${hashOf(picture)}\n${text}`);
}
