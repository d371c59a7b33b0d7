/**
 * Messages made to hold the gateway up: each is taken or refused with a reply that says why, the
 * event loop is never held, and somebody else's mail goes through meanwhile.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { LoopWatch } from '../support/loop-watch.ts';
import { SmtpClient, UnexpectedReply } from '../support/smtp-client.ts';

/** Milliseconds for which the loop may be held. */
const HELD = 50;

let instance: Instance;
let loop: LoopWatch;
let served: Served;

before(async () => {
  instance = await Instance.create();
  instance.addAccounts(['owner', 'sender']);
  loop = new LoopWatch(instance, { own: true });
  served = await instance.serve(loop.options);
});
after(async () => {
  if (!served.over) await served.kill();
  instance.remove();
});

const open = async (): Promise<SmtpClient> => await SmtpClient.open(instance.target('submission'), loginOf('sender'));

const from = `From: ${addressOf('sender')}\r\n`;
const nested = (n: number, type: (n: number) => string): string => {
  let text = from;
  for (let i = 0; i < n; i++) text += type(i);
  return `${text}x\r\n`;
};
const multipart = `${from}Content-Type: multipart/mixed; boundary=b\r\n\r\n`;
const unb = "UNB+UNOA:1+S+R+261126:1000+REF'";

const MESSAGES: readonly (readonly [name: string, content: string, reply: RegExp])[] = [
  [
    'multiparts nested 10,000 deep',
    nested(10_000, (n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`),
    /^250 /,
  ],
  ['messages nested 10,000 deep', nested(10_000, () => 'Content-Type: message/rfc822\r\n\r\n'), /^250 /],
  ['100,000 parts', `${multipart}${'--b\r\n\r\nx\r\n'.repeat(100_000)}--b--\r\n`, /^250 /],
  [
    'a header line of 1 MB',
    `${from}Subject: ${'x'.repeat(1_000_000)}\r\n\r\nx\r\n`,
    /^554 5\.6\.0 The header is larger/,
  ],
  ['100,000 header lines', `${from}${'A: b\r\n'.repeat(100_000)}\r\nx\r\n`, /^554 5\.6\.0 The header is larger/],
  ['a header line of 1 MB in a part', `${multipart}--b\r\nA: ${'x'.repeat(1_000_000)}\r\n\r\nx\r\n--b--\r\n`, /^250 /],
  ['100,000 header lines in a part', `${multipart}--b\r\n${'A: b\r\n'.repeat(100_000)}\r\nx\r\n--b--\r\n`, /^250 /],
  ['100,000 uuencoded files', `${from}\r\n${'begin 644 f\r\n#04)#\r\n`\r\nend\r\n'.repeat(100_000)}`, /^250 /],
  ['100,000 interchanges', `${from}\r\n${`${unb}UNH+1+MEDLAB:1'UNT+2+1'UNZ+1+REF'\r\n`.repeat(100_000)}`, /^250 /],
  ['100,000 messages in an interchange', `${from}\r\n${unb}${"UNH+1+MEDLAB:1'UNT+2+1'\r\n".repeat(100_000)}`, /^250 /],
  ['5 MB of release characters', `${from}\r\n${unb}${`${'?'.repeat(900)}\r\n`.repeat(5500)}`, /^250 /],
  ['300,000 lines of HL7', `${from}\r\nMSH|^~\\&|A|B|C|D\r\n${'OBX|1|NM|x\r\n'.repeat(300_000)}`, /^250 /],
];

const stuffed = (content: string): Buffer => Buffer.from(content.replaceAll('\r\n.', '\r\n..'), 'latin1');

test('each is answered, the loop goes on, and others are served', async (t) => {
  const other = await open();
  for (const [name, content, expected] of MESSAGES) {
    const client = await open();
    const data = stuffed(content);
    await loop.report(served);
    const started = performance.now();
    const reply = client.submit(addressOf('sender'), [addressOf('owner')], data).then(
      (answer) => answer,
      (error: unknown) => (error instanceof UnexpectedReply ? error.reply : Promise.reject(error as Error)),
    );
    await other.submit(addressOf('sender'), [addressOf('owner')], Buffer.from(`${from}\r\nsmall\r\n`));
    assert.match(await reply, expected, name);
    const took = performance.now() - started;
    const { own = 0, max } = await loop.report(served);
    t.diagnostic(
      `${name}: ${(data.length / 1e6).toFixed(1)} MB in ${took.toFixed(0)} ms, loop held ${own.toFixed(1)} ms of its own (${max.toFixed(0)})`,
    );
    assert.ok(own < HELD, `${name} held the loop for ${own.toFixed(1)} ms`);
    client.wire.destroy();
  }
  other.wire.destroy();
});
