/**
 * The courier against a partner that does what a script says: the right answer each time, and never
 * a message said to be taken that was not.
 */
import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import type { Answer, Courier, Destination, Parcel } from '../../src/push/courier.ts';
import type { Address } from '../../src/domain/address.ts';
import type { PartnerId } from '../../src/domain/ids.ts';
import { octets } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createCourier } from '../../src/smtp/courier.ts';
import { pinsOf } from '../../src/smtp/partner-tls.ts';
import { testCertificates } from '../support/certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { type ScriptOptions, ScriptedPartner } from '../support/partner.ts';
import { until } from '../support/until.ts';

const certificates = await testCertificates();
const never = new AbortController().signal;

let ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

interface Bench {
  readonly partner: ScriptedPartner;
  readonly courier: Courier;
  readonly clock: FakeClock;
  readonly destination: Destination;
}

async function bench(script: Partial<ScriptOptions> = {}, to: Partial<Destination> = {}): Promise<Bench> {
  const { key, certificate } = certificates.server;
  const partner = await ScriptedPartner.start({ key, certificate, ...script });
  const clock = new FakeClock();
  const courier = createCourier({ clock });
  ends.push(
    () => partner.stop(),
    () => courier.close(),
  );
  const destination: Destination = {
    partner: 1 as PartnerId,
    host: '127.0.0.1',
    port: partner.port,
    tls: script.tls ?? 'implicit',
    authorities: [certificates.ca.certificate],
    helo: 'gateway.test',
    connections: 2,
    ...to,
  };
  return { partner, courier, clock, destination };
}

async function* inSlices(content: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

function parcelOf(content: Buffer | string, more: Partial<Parcel> = {}, slice = 256 * 1024): Parcel {
  const all = typeof content === 'string' ? Buffer.from(content) : content;
  return {
    sender: 'lab@group.test' as Address,
    recipient: 'ward@partner.test' as Address,
    octets: octets(all.length),
    body: '7BIT',
    smtpUtf8: false,
    requireTls: false,
    slices: () => inSlices(all, slice),
    ...more,
  };
}

const small = 'From: lab@group.test\r\nMessage-ID: <1@group.test>\r\n\r\nResult: 5.1\r\n';

const lost = (answer: Answer): Extract<Answer, { kind: 'lost' }> =>
  answer.kind === 'lost' ? answer : assert.fail(JSON.stringify(answer));

describe('the octets', () => {
  for (const tls of ['implicit', 'starttls'] as const)
    test(`a message arrives octet for octet over ${tls} TLS`, async () => {
      const { partner, courier, destination } = await bench({ tls });
      const content = Buffer.concat([
        Buffer.from('Subject: dots\r\n\r\n.\r\n..two\r\n.hidden line\r\n\xe9\xff latin1\r\n', 'latin1'),
        Buffer.alloc(3000, 'x'),
        Buffer.from('\r\n'),
      ]);
      const answer = await courier.deliver(destination, parcelOf(content, { body: '8BITMIME' }), never);
      assert.equal(answer.kind === 'taken' && answer.reply, '250 2.0.0 queued as 1');
      assert.match(answer.kind === 'taken' ? answer.session.tlsVersion : '', /^TLSv1\.[23]$/);
      assert.ok(partner.taken[0]?.content.equals(content));
    });

  test('a message of many slices arrives octet for octet, whatever the slices cut apart', async () => {
    const { partner, courier, destination } = await bench();
    const lines = Array.from({ length: 4000 }, (_, i) => `${'.'.repeat(i % 4)}line ${i}\r\n`).join('');
    const content = Buffer.from(`Subject: long\r\n\r\n${lines}`);
    const answer = await courier.deliver(destination, parcelOf(content, {}, 37), never);
    assert.equal(answer.kind, 'taken');
    const hash = (b: Buffer | undefined): string =>
      createHash('sha256')
        .update(b ?? '')
        .digest('hex');
    assert.equal(hash(partner.taken[0]?.content), hash(content));
  });

  test('content that breaks off rejects, and the partner never sees a final dot', async () => {
    const { partner, courier, destination } = await bench();
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(small);
      throw new Error('the content is damaged');
    };
    const parcel = parcelOf(small.repeat(20), { slices: broken });
    await assert.rejects(courier.deliver(destination, parcel, never), /damaged/);
    await until('the connection is gone', () => partner.open === 0);
    assert.equal(partner.dots, 0);
  });
});

describe('connections', () => {
  test('one connection carries one message after the other', async () => {
    const { partner, courier, destination } = await bench();
    for (let i = 0; i < 20; i++)
      assert.equal((await courier.deliver(destination, parcelOf(small), never)).kind, 'taken');
    assert.equal(partner.connections, 1);
    assert.equal(partner.taken.length, 20);
  });

  test('a refused recipient leaves the connection in use, after RSET', async () => {
    const { partner, courier, destination } = await bench({
      act: (step, n) => (step === 'RCPT' && n === 1 ? '550 5.1.1 no such ward' : undefined),
    });
    const refused = await courier.deliver(destination, parcelOf(small), never);
    assert.deepEqual(refused, {
      kind: 'refused',
      step: 'rcpt',
      code: 550,
      status: '5.1.1',
      reply: '550 5.1.1 no such ward',
    });
    assert.equal((await courier.deliver(destination, parcelOf(small), never)).kind, 'taken');
    assert.equal(partner.connections, 1);
    assert.ok(partner.lines.includes('RSET'));
  });

  test('a connection that the partner ended while it was idle costs a message nothing', async () => {
    const { partner, courier, destination } = await bench({
      act: (step, n) => (step === 'MAIL' && n === 2 ? 'drop' : undefined),
    });
    assert.equal((await courier.deliver(destination, parcelOf(small), never)).kind, 'taken');
    assert.equal((await courier.deliver(destination, parcelOf(small), never)).kind, 'taken');
    assert.equal(partner.connections, 2);
    partner.cut();
    assert.equal((await courier.deliver(destination, parcelOf(small), never)).kind, 'taken');
    assert.equal(partner.taken.length, 3);
  });

  test('an idle connection ends with QUIT after a minute', async () => {
    const { partner, courier, clock, destination } = await bench();
    await courier.deliver(destination, parcelOf(small), never);
    clock.advance(62_000);
    await until('it is closed', () => partner.open === 0);
    assert.equal(partner.lines.at(-1), 'QUIT');
    assert.equal(clock.waiting, 0);
  });

  test('a changed record is obeyed by the next message', async () => {
    const { partner, courier, destination } = await bench();
    await courier.deliver(destination, parcelOf(small), never);
    await courier.deliver({ ...destination, certificateName: 'mail.test' }, parcelOf(small), never);
    assert.equal(partner.connections, 2);
  });
});

describe('the envelope', () => {
  test('DSN parameters, size, body and REQUIRETLS are passed on', async () => {
    const { partner, courier, destination } = await bench();
    const parcel = parcelOf(small, {
      body: '8BITMIME',
      requireTls: true,
      notify: ['SUCCESS', 'DELAY'],
      originalRecipient: 'rfc822;ward+a@partner.test',
      ret: 'HDRS',
      envid: 'QQ=1 x',
    });
    assert.equal((await courier.deliver(destination, parcel, never)).kind, 'taken');
    assert.equal(
      partner.taken[0]?.mail,
      `MAIL FROM:<lab@group.test> BODY=8BITMIME SIZE=${small.length} RET=HDRS ENVID=QQ+3D1+20x REQUIRETLS`,
    );
    assert.equal(
      partner.taken[0].rcpt,
      'RCPT TO:<ward@partner.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;ward+2Ba@partner.test',
    );
  });

  test('a notice goes out with the null reverse path', async () => {
    const { partner, courier, destination } = await bench();
    await courier.deliver(destination, parcelOf(small, { sender: '' }), never);
    assert.match(partner.taken[0]?.mail ?? '', /^MAIL FROM:<> /);
  });

  test('SMTPUTF8 is declared where the header alone needs it', async () => {
    const { partner, courier, destination } = await bench();
    const parcel = parcelOf('Subject: café\r\n\r\nx\r\n', { smtpUtf8: true, body: '8BITMIME' });
    assert.equal((await courier.deliver(destination, parcel, never)).kind, 'taken');
    assert.match(partner.taken[0]?.mail ?? '', / SMTPUTF8$/);
  });

  const lacking = [
    ['8BITMIME', { body: '8BITMIME' }, 'Subject: x\r\n\r\né\r\n'],
    ['SMTPUTF8', { smtpUtf8: true }, 'Subject: é\r\n\r\nx\r\n'],
    ['SMTPUTF8', { recipient: 'zaal-é@partner.test' as Address, smtpUtf8: true }, small],
    ['REQUIRETLS', { requireTls: true }, small],
    ['SIZE', {}, 'x\r\n'.repeat(100)],
  ] as const;
  for (const [lacks, more, content] of lacking)
    test(`a partner without what the message needs (${lacks}) is not asked to take it`, async () => {
      const { partner, courier, destination } = await bench({ extensions: ['PIPELINING', 'SIZE 200'] });
      const answer = await courier.deliver(destination, parcelOf(content, more), never);
      assert.equal(answer.kind === 'unable' && answer.lacks, lacks);
      assert.ok(!partner.lines.some((line) => line.startsWith('MAIL')));
    });

  test('what was opened is judged by what was submitted, and tells no size before its content', async () => {
    const { partner, courier, destination } = await bench({ extensions: ['SIZE 200'] });
    const opened = { body: '8BITMIME' as const, submitted: octets(150) };
    const longer = parcelOf(`Subject: x\r\n\r\n${'é\r\n'.repeat(100)}`, opened);
    assert.equal((await courier.deliver(destination, longer, never)).kind, 'taken');
    assert.equal(partner.taken[0]?.mail, 'MAIL FROM:<lab@group.test>');
    const answer = await courier.deliver(destination, parcelOf(small, { ...opened, submitted: octets(201) }), never);
    assert.deepEqual(answer, {
      ...{ kind: 'unable', lacks: 'SIZE' },
      text: "the message has 201 octets, the addressee's server takes 200",
    });
  });

  test('what was declared without need is no reason to refuse', async () => {
    const { partner, courier, destination } = await bench({ extensions: [] });
    const parcel = parcelOf(small, { body: '8BITMIME', smtpUtf8: true, notify: ['NEVER'] });
    assert.equal((await courier.deliver(destination, parcel, never)).kind, 'taken');
    assert.equal(partner.taken[0]?.mail, 'MAIL FROM:<lab@group.test>');
    assert.equal(partner.taken[0].rcpt, 'RCPT TO:<ward@partner.test>');
  });
});

describe('refusals', () => {
  const steps = [
    ['greeting', '554 5.3.2 no service'],
    ['EHLO', '550 5.7.1 go away'],
    ['MAIL', '451 4.3.0 later'],
    ['RCPT', '452 4.2.2 mailbox full'],
    ['DATA', '554 5.5.0 no'],
    ['message', '550 5.7.1 virus'],
    ['message', '451 4.3.0 disk'],
  ] as const;
  for (const [step, reply] of steps)
    for (const pipelining of [true, false])
      test(`${reply.slice(0, 3)} at ${step} is told as such, ${pipelining ? 'with' : 'without'} PIPELINING`, async () => {
        const { courier, destination } = await bench({
          extensions: pipelining ? ['PIPELINING'] : [],
          act: (at) => (at === step ? reply : undefined),
        });
        const answer = await courier.deliver(destination, parcelOf(small), never);
        assert.deepEqual(answer, {
          kind: 'refused',
          step: step.toLowerCase(),
          code: Number(reply.slice(0, 3)),
          status: reply.slice(4, 9),
          reply,
        });
      });

  test('a reply of many lines is one line with its code and status once', async () => {
    const { courier, destination } = await bench({
      act: (at) => (at === 'RCPT' ? '550-5.1.1 no such ward\r\n550-5.1.1 ask\r\n550 5.1.1 the desk' : undefined),
    });
    const answer = await courier.deliver(destination, parcelOf(small), never);
    assert.equal(answer.kind === 'refused' && answer.reply, '550 5.1.1 no such ward ask the desk');
  });

  test('421 in the middle ends the session and is told as refused', async () => {
    const { courier, destination } = await bench({
      act: (at) => (at === 'RCPT' ? '421 4.3.2 shutting down' : undefined),
    });
    const answer = await courier.deliver(destination, parcelOf(small), never);
    assert.equal(answer.kind === 'refused' && answer.code, 421);
  });

  test('a login that is refused is about the session, and the password is in no answer', async () => {
    const { courier, destination } = await bench(
      { extensions: ['AUTH PLAIN'], act: (at) => (at === 'AUTH' ? '535 5.7.8 no' : undefined) },
      { login: { name: 'gateway', password: 'very-secret' } },
    );
    const answer = await courier.deliver(destination, parcelOf(small), never);
    assert.equal(answer.kind === 'refused' && answer.step, 'login');
    assert.ok(!JSON.stringify(answer).includes('secret'));
  });

  test('a login is made once for each connection', async () => {
    const { partner, courier, destination } = await bench(
      { extensions: ['AUTH PLAIN LOGIN'] },
      { login: { name: 'gateway', password: 'pass word' } },
    );
    for (let i = 0; i < 2; i++)
      assert.equal((await courier.deliver(destination, parcelOf(small), never)).kind, 'taken');
    const logins = partner.lines.filter((line) => line.startsWith('AUTH'));
    assert.deepEqual(logins, [`AUTH PLAIN ${Buffer.from('\0gateway\0pass word').toString('base64')}`]);
  });
});

describe('no answer', () => {
  test('a port where nobody listens', async () => {
    const { partner, courier, destination } = await bench();
    await partner.stop();
    ends.splice(0, 1);
    const answer = lost(await courier.deliver(destination, parcelOf(small), never));
    assert.deepEqual([answer.why, answer.at], ['unreachable', 'session']);
    assert.match(answer.text, /^127\.0\.0\.1 port \d+: the connection was refused$/);
  });

  for (const [step, at] of [
    ['greeting', 'session'],
    ['EHLO', 'session'],
    ['MAIL', 'message'],
    ['DATA', 'message'],
    ['message', 'in-doubt'],
  ] as const) {
    test(`the connection is dropped at ${step}`, async () => {
      const { courier, destination } = await bench({ act: (s) => (s === step ? 'drop' : undefined) });
      const answer = lost(await courier.deliver(destination, parcelOf(small), never));
      assert.deepEqual([answer.why, answer.at], ['closed', at]);
    });

    test(`nothing comes any more at ${step}`, async () => {
      let reached = false;
      const { courier, clock, destination } = await bench({
        act: (s) => {
          reached ||= s === step;
          return s === step ? 'stall' : undefined;
        },
      });
      const waiting = courier.deliver(destination, parcelOf(small), never);
      await until('the step is reached', () => reached);
      // RFC 5321 section 4.5.3.2: 5 min for a command, 10 min for the final dot.
      clock.advance((step === 'message' ? 10 : 5) * 60_000 - 2000);
      assert.equal(await Promise.race([waiting, Promise.resolve('still waiting')]), 'still waiting');
      clock.advance(4000);
      const answer = lost(await waiting);
      assert.deepEqual([answer.why, answer.at], ['timeout', at]);
    });

    test(`what comes at ${step} is no SMTP`, async () => {
      const { partner, courier, destination } = await bench({
        act: (s) => (s === step ? 'HTTP/1.1 400 Bad Request' : undefined),
      });
      const answer = lost(await courier.deliver(destination, parcelOf(small), never));
      assert.deepEqual([answer.why, answer.at], ['garbage', at]);
      assert.equal(partner.taken.length, 0);
    });
  }

  test('the gateway stops while the partner thinks about the message', async () => {
    const stop = new AbortController();
    const { courier, partner, destination } = await bench({ act: (s) => (s === 'message' ? 'stall' : undefined) });
    const waiting = courier.deliver(destination, parcelOf(small), stop.signal);
    await until('the dot arrived', () => partner.dots === 1);
    stop.abort();
    const answer = lost(await waiting);
    assert.deepEqual([answer.why, answer.at], ['stopped', 'in-doubt']);
    await until('the connection is gone', () => partner.open === 0);
  });
});

describe('replies that do not belong', () => {
  test('one reply too many before DATA never makes a message taken that was not', async () => {
    const { partner, courier, destination } = await bench({
      act: (s) => (s === 'MAIL' ? '250 2.1.0 ok\r\n250 2.1.0 ok\r\n250 2.1.0 ok\r\n250 2.0.0 queued' : undefined),
    });
    const answer = await courier.deliver(destination, parcelOf(small), never);
    assert.equal(lost(answer).why, 'garbage');
    assert.equal(partner.taken.length, 0);
  });

  test('a 250 before the end of the message does not make it taken', async () => {
    const { courier, destination } = await bench({
      act: (s) => (s === 'DATA' ? '354 go ahead\r\n250 2.0.0 queued already' : s === 'message' ? 'stall' : undefined),
    });
    // Slow enough that the reply is there before the end.
    const slowly = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('Subject: slow\r\n\r\n');
      await until('a while', () => new Promise((resolve) => setTimeout(() => resolve(true), 50)));
      yield Buffer.from('end\r\n');
    };
    const answer = lost(await courier.deliver(destination, parcelOf(small, { slices: slowly }), never));
    assert.deepEqual([answer.why, answer.at], ['garbage', 'message']);
  });

  test('a 552 in the middle of the message is a refusal, and the connection ends', async () => {
    const { partner, courier, destination } = await bench({
      act: (s) => (s === 'DATA' ? '354 go ahead\r\n552 5.3.4 too big' : s === 'message' ? 'stall' : undefined),
    });
    const slowly = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('Subject: slow\r\n\r\n');
      await until('a while', () => new Promise((resolve) => setTimeout(() => resolve(true), 50)));
      yield Buffer.from('end\r\n');
    };
    const answer = await courier.deliver(destination, parcelOf(small, { slices: slowly }), never);
    assert.equal(answer.kind === 'refused' && answer.code, 552);
    await until('the connection is gone', () => partner.open === 0);
  });

  test('octets in plain text after the answer to STARTTLS are not read as the secured session', async () => {
    const { courier, destination } = await bench({
      tls: 'starttls',
      extensions: ['PIPELINING'],
      act: (s) => (s === 'STARTTLS' ? '220 go\r\n250-injected\r\n250 DSN' : undefined),
    });
    const answer = await courier.deliver(destination, parcelOf(small, { notify: ['NEVER'] }), never);
    if (answer.kind === 'taken') assert.equal(answer.session.dsn, false);
    else assert.equal(answer.kind, 'lost');
  });
});

describe('who the partner is', () => {
  const [certificatePin, keyPin] = pinsOf(new X509Certificate(certificates.server.certificate));

  for (const tls of ['implicit', 'starttls'] as const) {
    test(`a certificate of another authority is not trusted (${tls})`, async () => {
      const strangers = await makeDevelopmentCertificates(['127.0.0.1'], systemClock.now());
      const { partner, courier, destination } = await bench({ tls, ...strangers.server });
      const answer = lost(await courier.deliver(destination, parcelOf(small), never));
      assert.deepEqual([answer.why, answer.at], ['certificate', 'session']);
      assert.equal(partner.taken.length, 0);
    });

    test(`a certificate of another name is not trusted (${tls})`, async () => {
      const { courier, destination } = await bench({ tls }, { certificateName: 'mail.hospital.test' });
      const answer = lost(await courier.deliver(destination, parcelOf(small), never));
      assert.deepEqual([answer.why, answer.at], ['certificate', 'session']);
    });

    test(`a certificate that is not pinned is not trusted (${tls})`, async () => {
      // The right digits for the wrong thing are no pin either.
      const pins = [
        { of: 'key', sha256: '00'.repeat(32) },
        { of: 'key', sha256: certificatePin.sha256 },
      ] as const;
      const { courier, destination } = await bench({ tls }, { pins });
      const answer = lost(await courier.deliver(destination, parcelOf(small), never));
      assert.deepEqual([answer.why, answer.at], ['certificate', 'session']);
      assert.match(answer.text, new RegExp(keyPin.sha256));
    });
  }

  for (const pin of [certificatePin, keyPin])
    test(`a pinned ${pin.of} is trusted`, async () => {
      const { courier, destination } = await bench({}, { pins: [{ of: 'key', sha256: '00'.repeat(32) }, pin] });
      assert.equal((await courier.deliver(destination, parcelOf(small), never)).kind, 'taken');
    });

  test('a server without STARTTLS gets nothing', async () => {
    // Refused, and left out of EHLO, as where somebody on the way strips it.
    for (const offers of [true, false]) {
      const { partner, courier, destination } = await bench({
        tls: 'starttls',
        act: (s) =>
          s === 'STARTTLS' ? '502 5.5.1 no TLS here' : s === 'EHLO' && !offers ? '250 partner.test' : undefined,
      });
      const answer = await courier.deliver(destination, parcelOf(small), never);
      assert.equal(answer.kind === 'refused' && answer.step, 'starttls');
      assert.ok(!partner.lines.some((line) => line.startsWith('MAIL')));
    }
  });

  test('a server that speaks no TLS on a TLS port gets nothing', async () => {
    const { courier, destination, partner } = await bench({ tls: 'starttls' }, { tls: 'implicit' });
    const answer = lost(await courier.deliver(destination, parcelOf(small), never));
    assert.deepEqual([answer.why, answer.at], ['tls', 'session']);
    assert.equal(partner.taken.length, 0);
  });

  test('our certificate is shown to a partner that asks for one, and without it there is no session', async () => {
    const { courier, destination } = await bench({ clientAuthorities: certificates.ca.certificate });
    const without = await courier.deliver(destination, parcelOf(small), never);
    assert.equal(lost(without).at, 'session');
    const shown = { ...destination, clientCertificate: certificates.server };
    assert.equal((await courier.deliver(shown, parcelOf(small), never)).kind, 'taken');
  });
});
