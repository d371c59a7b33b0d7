/**
 * What `smime inspect` does with what it is given, beside what test/cli/smime.test.ts shows with
 * files of OpenSSL.
 */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { recordOf } from '../../src/ca/issue.ts';
import type { AdminContext } from '../../src/admin/context.ts';
import { AdminError } from '../../src/admin/error.ts';
import { inputOf } from '../../src/commands/core/operations.ts';
import { smime } from '../../src/commands/smime.ts';
import { inspectMessage } from '../../src/commands/smime/inspect.ts';
import type { InspectView } from '../../src/commands/smime/views.ts';
import { mailKeySeals } from '../../src/crypto/keys/mail-key-seals.ts';
import { encrypted, protect, withHeader } from '../../src/crypto/smime/protect.ts';
import { readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import { octets } from '../../src/domain/units.ts';
import { MailKeys } from '../../src/protection/mail-keys.ts';
import { type Person, circle, everybody, makePerson, person, signerOf } from '../crypto/cms/support.ts';
import { NOW, seededBytes, value } from '../crypto/support.ts';
import { address, openTestStore } from '../support/store.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

/** The gateway's own. */
const gateway = await makePerson('gateway', 'p256', (await circle()).authority, NOW, { email: 'postmaster@mail.test' });

async function inspector(t: TestContext): Promise<(upload: readonly string[], input?: object) => Promise<InspectView>> {
  const { authority } = await circle();
  const { store, clock, log } = await openTestStore(t, { maxBody: octets(200_000) });
  const keys = new MailKeys({
    ...{ store, clock, log },
    seals: mailKeySeals(() => Promise.resolve(new Uint8Array(32)), seededBytes(1)),
    foreign: () => Promise.resolve({ authorities: [authority.certificate], check: () => ({ kind: 'good' }) }),
    signingAddress: address('postmaster@mail.test'),
  });
  const sealedKey = new Uint8Array(1);
  await store.certificates.addCertificate(
    'postmaster',
    { ...recordOf(gateway.certificate, 'mail'), sealedKey },
    'imported',
    { name: 'test' },
  );
  const context = { store, clock, mail: { keys } } as unknown as AdminContext;
  const open: string[] = [];
  const openBody = store.openBody.bind(store);
  store.openBody = (size) => {
    const writer = openBody(size);
    open.push(writer.id);
    const abort = writer.abort.bind(writer);
    writer.abort = async () => {
      open.splice(open.indexOf(writer.id), 1);
      await abort();
    };
    return writer;
  };
  t.after(() => assert.deepEqual(open, [], 'every body was given up'));
  return (upload, input = {}) =>
    inspectMessage(context, inputOf(smime.parts.inspect, { ...input }), {
      actor: { name: 'test' },
      who: OWNER_SAID,
      progress: () => undefined,
      upload: (async function* () {
        yield* upload;
      })(),
    });
}

const refused = (kind: AdminError['kind'], text: RegExp) => (error: unknown) => {
  assert(error instanceof AdminError, String(error));
  assert.equal(error.kind, kind);
  assert.match(error.message, text);
  return true;
};

async function encryptedLetter(content: string): Promise<string> {
  const recipients = (await everybody())
    .filter(({ certificate }) => certificate.key.kind !== 'ed25519')
    .map(({ certificate }) => ({ certificate, transport: 'oaep' as const }));
  const message = value(await readMessage(sourceOf(Buffer.from('From: p256@praktijk.example\r\n\r\n'))));
  const entity = encrypted([Buffer.from(content)], { recipients, cipher: 'aes-256-gcm', random: seededBytes(2) });
  return await textOf(withHeader(message, entity));
}

async function textOf(entity: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const slice of entity) text += Buffer.from(slice).toString('latin1');
  return text;
}

test('each recipient is shown with how the key reaches it, and a given key looks inside', async (t) => {
  const inspect = await inspector(t);
  const letter = await encryptedLetter('Content-Type: text/plain\r\n\r\nhallo\r\n');
  const closed = await inspect([letter]);
  assert.deepEqual([closed.closed, closed.standing, closed.envelope?.cipher], [true, 'unsigned', 'aes-256-gcm']);
  assert.deepEqual(
    closed.envelope?.recipients.map((r) => [r.by, r.by === 'issuer' && r.how]),
    [
      ['issuer', 'oaep'],
      ['issuer', 'agreed'],
      ['issuer', 'agreed'],
    ],
  );
  const { keyPem, certificatePem } = await person('p384');
  const opened = await inspect(Array.from(letter), { key: keyPem, certificate: certificatePem });
  assert.deepEqual(opened.layers, [{ kind: 'encrypted', cipher: 'aes-256-gcm', authenticated: true, weak: false }]);
  assert.deepEqual([opened.closed, opened.flagged, opened.problem], [false, false, undefined]);
  const other = await person('ed25519');
  const missed = await inspect([letter], { key: other.keyPem, certificate: other.certificatePem });
  assert.match(missed.problem ?? '', /none of the keys at hand/);
});

test('what the gateway signed inside its encryption is whole, and nobody else is proven to have sent it', async (t) => {
  const inspect = await inspector(t);
  const reader = await person('p384');
  const letter = async (signer: Person): Promise<string> => {
    const text = 'From: p256@praktijk.example\r\nContent-Type: text/plain\r\n\r\nhallo\r\n';
    const message = value(await readMessage(sourceOf(Buffer.from(text))));
    const signing = { signers: [signerOf(signer)], signingTime: NOW };
    const encryption = {
      ...{ recipients: [{ certificate: reader.certificate }], cipher: 'aes-256-cbc' as const },
      random: seededBytes(3),
    };
    return await textOf(
      protect(message, { kind: 'interop', signing, encryption }, { random: seededBytes(4), eightBit: false }),
    );
  };
  const key = { key: reader.keyPem, certificate: reader.certificatePem };
  const whole = await inspect([await letter(gateway)], key);
  assert.deepEqual([whole.standing, whole.flagged], ['gateway', false]);
  const sender = await inspect([await letter(await person('p256'))], key);
  assert.deepEqual([sender.standing, sender.flagged], ['valid', false]);
  const stranger = await inspect([await letter(await person('rsa2048'))], key);
  assert.deepEqual([stranger.standing, stranger.flagged], ['invalid', true]);
});

test('a message, or what is in one, that is larger than the store takes is refused by name', async (t) => {
  const inspect = await inspector(t);
  const most = 'From: a@b.test\r\n\r\n'.padEnd(200_000, 'x');
  assert.equal((await inspect([most])).octets, 200_000);
  await assert.rejects(inspect([most, 'x']), refused('unavailable', /longer than 200000 octets/));
});

test('what is no key or no address is refused, and a secret is not repeated', async (t) => {
  const inspect = await inspector(t);
  const { certificatePem } = await person('p256');
  await assert.rejects(
    async () => inspect([''], { key: 'SECRET', certificate: certificatePem }),
    (error: unknown) => {
      assert(error instanceof AdminError);
      assert.match(error.message, /private key/);
      assert.doesNotMatch(error.message, /SECRET/);
      return true;
    },
  );
  await assert.rejects(
    inspect(['From: x\r\n\r\n'], { as: 'nobody@group.test' }),
    refused('unknown', /never registered/),
  );
});
