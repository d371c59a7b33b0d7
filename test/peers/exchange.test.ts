/**
 * Other people's programs send each other the four kinds of content that break in practice: a UTF-8
 * text, a Latin-1 EDIFACT interchange, a 3 MB binary and a file whose name has umlauts. Each
 * attachment must arrive octet for octet, the text character for character; each program verifies
 * our certificate.
 */
// @beside
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HOSTNAME, Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { withoutProgram } from '../support/require.ts';
import { fetchers } from './fetchers.ts';
import { partsOf } from './parts.ts';
import { type Payload, makePayload } from './payload.ts';
import { type NoticeWriter, senders } from './senders.ts';

const exchanges = [
  ['curl', 'poplib'],
  ['smtplib', 'curl'],
  ['snail', 'mpop'],
  ['mutt', 'fetchmail'],
  ['msmtp', 'getmail'],
  ['swaks', 'snail'],
] as const;

let instance: Instance;
let served: Served;
let payload: Payload;

before(async () => {
  instance = await Instance.create();
  instance.addAccounts(['sender', ...exchanges.map(([, fetcher]) => `to-${fetcher}`)]);
  served = await instance.serve();
  payload = makePayload(join(instance.folder, 'payload'));
});
after(async () => {
  assert.equal(await served.stop(), 0);
  instance.remove();
});

function deskOf(name: string, program: string): NoticeWriter {
  const home = join(instance.folder, `home-${name}-${program}`);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const { login, password } = loginOf(name);
  return { home, host: HOSTNAME, ...instance.ports, ca: instance.ca, login, password, address: addressOf(name) };
}

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

for (const [from, to] of exchanges) {
  const sender = senders[from];
  const fetcher = fetchers[to];
  const skip =
    withoutProgram('python3', 'python3') ||
    withoutProgram(sender.program, sender.apt) ||
    withoutProgram(fetcher.program, fetcher.apt);
  test(`what ${from} sends, ${to} fetches, octet for octet`, { skip, timeout: 120_000 }, async () => {
    const sending = deskOf('sender', from);
    const fetching = deskOf(`to-${to}`, to);
    await sender.send(payload, fetching.address, sending);
    const messages = await fetcher.fetch(fetching);
    assert.equal(messages.length, 1);
    const { subject, parts } = await partsOf(messages[0]!, fetching.home);
    assert.equal(subject, payload.subject);
    assert.equal(parts.length, 1 + payload.files.length);
    const [text, ...files] = parts;
    assert.equal(Buffer.from(text?.text ?? '', 'base64').toString('utf8'), payload.text.toString('utf8'));
    assert.deepEqual(
      files.map(({ name, octets, sha256: hash }) => ({ name, octets, hash })),
      payload.files.map(({ name, octets }) => ({ name, octets: octets.length, hash: sha256(octets) })),
    );
    assert.deepEqual(await fetcher.fetch(deskOf(`to-${to}`, `${to}-again`)), [], 'fetched mail must be gone');
  });
}

test(
  'each program refuses a gateway whose certificate it cannot verify',
  { skip: withoutProgram('curl', 'curl') },
  async () => {
    // The proof that the exchanges above verified anything: the same programs, another CA.
    const other = await Instance.create({ own: true });
    try {
      const sending = { ...deskOf('sender', 'curl'), ca: other.ca };
      await assert.rejects(senders.curl.send(payload, addressOf('to-curl'), sending), /certificate/i);
      if (withoutProgram('python3', 'python3') === false)
        await assert.rejects(senders.smtplib.send(payload, addressOf('to-curl'), sending), /CERTIFICATE_VERIFY_FAILED/);
    } finally {
      other.remove();
    }
  },
);
