import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { partOctets, partsOf } from '../../../src/api/mailbox/parts.ts';
import { type MessageId, messageIdOf } from '../../../src/domain/ids.ts';
import { octets } from '../../../src/domain/units.ts';
import type { MailboxEntry } from '../../../src/store/deliveries.ts';
import { ContentDamaged } from '../../../src/store/store.ts';
import type { StoredContent } from '../../../src/store/body.ts';
import { between, chance } from '../../support/chance.ts';

const id: MessageId = messageIdOf(1n);

function contentOf(text: Buffer, piece = 4096): StoredContent & { read: number } {
  const content = {
    id,
    octets: octets(text.length),
    read: 0,
    async *slices(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < text.length; at += piece) {
        content.read = Math.min(text.length, at + piece);
        yield text.subarray(at, at + piece);
        await Promise.resolve();
      }
    },
  };
  return content;
}

const copy = { message: { copyOf: id } } as unknown as MailboxEntry;
const sha256 = (of: Buffer): string => createHash('sha256').update(of).digest('hex');

async function read(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  // Its memory is used again.
  for await (const slice of stream) found.push(Buffer.from(slice));
  return Buffer.concat(found);
}

const lines = (base64: string): string => base64.replace(/.{76}/g, '$&\r\n');

test('a part is given octet for octet, whatever the slices are; its hash is that of the walk', async () => {
  for (let n = 0; n < 30; n += 1) {
    const file = chance.octets(between(0, 20_000));
    const text = Buffer.from(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\nin front\r\n--b\r\nContent-Type: text/plain\r\n\r\nletter\r\n' +
        `--b\r\nContent-Type: application/edifact; name="x.edi"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(file.toString('base64'))}\r\n--b--\r\nbehind\r\n`,
    );
    const content = contentOf(text, between(1, 3000));
    const parts = await partsOf(copy, () => Promise.resolve(content));
    assert.deepEqual(
      parts.map(({ path, type }) => [path, type]),
      [
        ['1', 'text/plain'],
        ['2', 'application/edifact'],
      ],
    );
    const [letter, edi] = parts;
    assert.equal((await read(partOctets(content, letter!))).toString(), 'letter', 'not what is in front');
    assert.deepEqual(await read(partOctets(content, edi!)), file);
    assert.equal(edi!.sha256, sha256(file));
  }
});

test('no more of the message is read than the part needs', async () => {
  const text = Buffer.from(
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nletter\r\n--b\r\n\r\n${'x'.repeat(100_000)}\r\n--b--\r\n`,
  );
  const content = contentOf(text, 1000);
  const [letter] = await partsOf(copy, () => Promise.resolve(content));
  await read(partOctets(content, letter!));
  assert.ok(content.read <= 1000);
});

test('a part whose octets are not those that it is known by breaks off', async () => {
  const content = contentOf(Buffer.from('Content-Type: text/plain\r\n\r\nshort\r\n'));
  const [part] = await partsOf(copy, () => Promise.resolve(content));
  await assert.rejects(read(partOctets(content, { ...part!, octets: 50 })), ContentDamaged);
});
