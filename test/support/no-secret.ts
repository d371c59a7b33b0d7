/** The last check of every test of a login: no secret of the test was written down. */
import assert from 'node:assert/strict';
import type { MemoryLog } from './log.ts';

/**
 * The parts of a text's base64 that are the same wherever the text stands in what was encoded: one
 * form for each of three positions.
 */
function base64Forms(text: string): readonly string[] {
  const octets = Buffer.from(text, 'utf8');
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), octets]).toString('base64');
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + octets.length) * 8) / 6));
  });
}

/** The forms of a secret: the text itself, in base64 at any position, and in hexadecimal. */
export const formsOf = (secret: string): readonly string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  ...base64Forms(secret),
  Buffer.from(secret, 'utf8').toString('hex'),
];

/**
 * `written`: a log, or any values (audit events, output of commands). A secret must have at least 6
 * characters, or it would be found by chance.
 */
export function assertNoSecret(written: MemoryLog | readonly unknown[], ...secrets: readonly string[]): void {
  const text = JSON.stringify('events' in written ? written.events : written);
  for (const secret of secrets) {
    assert.ok(secret.length >= 6, `"${secret}" is too short to look for`);
    for (const form of formsOf(secret)) assert.ok(!text.includes(form), `a secret was written down, as "${form}"`);
  }
}
