import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMessageId } from '../../src/domain/ids.ts';
import type { MessageParts } from '../../src/domain/message-part.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import { MEDLAB, ORU, PACKAGE } from '../edi/samples.ts';
import { compose, sha256 } from '../mime/composer.ts';
import { filed } from '../support/filed.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import { type SmtpFixture, startSmtp } from '../support/smtp.ts';
import { trusting } from '../support/wire.ts';

const open = async (t: { after(run: () => void): void }, smtp: SmtpFixture): Promise<SmtpClient> => {
  const client = await SmtpClient.open(
    { port: smtp.port, tls: 'starttls', servername: 'mail.test', context: trusting(smtp.ca) },
    { login: 'alice', password: 'alice-pw' },
  );
  t.after(() => client.wire.destroy());
  return client;
};

const stuffed = (message: string): Buffer =>
  Buffer.from(message.replace(/^\./, '..').replaceAll('\r\n.', '\r\n..'), 'latin1');

async function submit(client: SmtpClient, smtp: SmtpFixture, data: Buffer): Promise<MessageParts> {
  const id = acceptedId(await client.submit('alice@group.test', ['bob@group.test'], data));
  const parts = await smtp.store.messageParts(parseMessageId(id)!);
  assert.ok(parts !== undefined);
  return parts;
}

test('every attachment is filed with size and SHA-256 as it was submitted, and opens to the same octets (60 messages, seeded)', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  for (let seed = 1; seed <= 60; seed++) {
    const { octets, leaves } = compose(seed, 4, 'From: alice@group.test\r\nBcc: bob@group.test\r\n');
    const parts = await submit(client, smtp, stuffed(octets.toString('latin1')));
    assert.deepEqual(parts, { leaves, limits: [], interchanges: parts.interchanges }, `seed ${seed}`);
    const walk = new MimeWalk();
    walk.write(Buffer.from((await filed(smtp.store, 'bob', -1))[0] ?? '', 'latin1'));
    assert.deepEqual(walk.end().leaves, leaves, `seed ${seed} as filed`);
  }
});

test('line ends of an old client are CRLF in what is hashed, as they are in what is filed', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const body = "UNB+UNOA:1+ONE+TWO'\nUNZ+0+1'\rlast\r\n";
  const { leaves } = await submit(client, smtp, Buffer.from(`From: alice@group.test\n\n${body}`));
  const content = "UNB+UNOA:1+ONE+TWO'\r\nUNZ+0+1'\r\nlast\r\n";
  assert.deepEqual([leaves.length, leaves[0]?.octets, leaves[0]?.sha256], [1, content.length, sha256(content)]);
});

test('interchanges are found by content, in any encoding and under any type, and filed with the message', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const { leaves, interchanges } = await submit(
    client,
    smtp,
    Buffer.from(
      'From: alice@group.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nUNB+in front\r\n' +
        `--b\r\n\r\n${MEDLAB}\r\n` +
        `--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${PACKAGE.toString('base64')}\r\n` +
        `--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${ORU.replaceAll('=', '=3D').replaceAll('\r', '=0D=\r\n')}\r\n` +
        '--b\r\nContent-Type: application/edifact\r\n\r\nno interchange\r\n--b--\r\n',
      'latin1',
    ),
  );
  assert.equal(leaves.length, 4);
  assert.deepEqual(
    interchanges.map((i) => [i.part, i.format, i.reference, i.controls]),
    [
      ['1', 'edifact', 'LAB0001', 'right'],
      ['2', 'edifact', 'DK1', 'right'],
      ['3', 'hl7', 'CTRL1', 'none'],
    ],
  );
});

test('more interchanges than are told of are a limit, and the message is taken', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const many = `From: alice@group.test\r\n\r\n${`${MEDLAB}\r\n`.repeat(300)}`;
  const { limits, interchanges } = await submit(client, smtp, Buffer.from(many));
  assert.deepEqual([limits, interchanges.length], [['interchanges'], 100]);
});

test('no file name reaches the log', async (t) => {
  const smtp = await startSmtp(t);
  const client = await open(t, smtp);
  const name = 'token-of-a-person.edi';
  const { leaves } = await submit(
    client,
    smtp,
    Buffer.from(`From: alice@group.test\r\nContent-Type: application/x-token-type; name="${name}"\r\n\r\nx\r\n`),
  );
  assert.equal(leaves[0]?.name, name);
  const log = JSON.stringify(smtp.log.events);
  assert.ok(log.includes('smtp.accepted') && !log.includes('token-'), log);
});
