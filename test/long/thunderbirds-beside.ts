/**
 * Two Thunderbirds beside a machine of the tests: in its network, with the files of this one, since
 * a browser's worth of packages in its root would test nothing more.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Seen {
  /** What lies in the mailbox of the second one. */
  readonly subjects: readonly string[];
  /** Of the message that the first one sent. */
  readonly text: string;
  /** To set up both, send and read. */
  readonly seconds: number;
}

/** `pid`: of a process in that network. `passwords`: of a@de-brug.example and b@de-brug.example. */
export async function twoThunderbirds(
  pid: number,
  given: { readonly host: string; readonly certificate: string; readonly passwords: readonly string[] },
): Promise<Seen> {
  const program = join(import.meta.dirname, 'two-thunderbirds.js');
  const child = spawn('nsenter', ['-t', String(pid), '-n', process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.end(JSON.stringify(given));
  assert.equal(await ended, 0, said);
  const seen = JSON.parse(said) as Seen;
  assert(seen.subjects.includes('Van Thunderbird'), seen.subjects.join());
  assert.match(seen.text, /Goedemorgen uit Thunderbird\./);
  return seen;
}
