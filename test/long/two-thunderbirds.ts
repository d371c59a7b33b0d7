/**
 * Two people at Thunderbird, with the accounts of docs/install.md: one sends, the other fetches and
 * reads. A program of its own, since debian-package.test.ts runs it in the network of the machine
 * that serves. Standard input: `{ host, certificate, passwords }`; standard output:
 * `{ subjects, text, seconds }`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Thunderbird } from './thunderbird.ts';

const given = JSON.parse(readFileSync(0, 'utf8')) as {
  readonly host: string;
  readonly certificate: string;
  readonly passwords: readonly string[];
};
const SUBJECT = 'Van Thunderbird';
const begin = performance.now();
const homes = mkdtempSync(join(tmpdir(), 'sluis-thunderbirds-'));
const started: Thunderbird[] = [];
try {
  for (const [at, name] of ['a', 'b'].entries()) {
    const address = `${name}@de-brug.example`;
    const thunderbird = await Thunderbird.start(join(homes, name), [given.host]);
    started.push(thunderbird);
    await thunderbird.setUp({
      ...{
        host: given.host,
        pop3s: 995,
        submission: 587,
        login: address,
        password: given.passwords[at] ?? '',
        address,
      },
      ...{ name, ca: given.certificate, selfSigned: true },
    });
  }
  const [a, b] = started;
  assert(a !== undefined && b !== undefined);
  const letter = { to: 'b@de-brug.example', subject: SUBJECT, body: 'Goedemorgen uit Thunderbird.' };
  assert.deepEqual(await a.send(letter), { sent: true });
  const subjects = await b.fetch();
  const { text } = await b.read(SUBJECT);
  process.stdout.write(JSON.stringify({ subjects, text, seconds: (performance.now() - begin) / 1000 }));
} finally {
  for (const one of started) await one.stop();
  rmSync(homes, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
