import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authenticator, Mechanism, Peer, ScramAttempt } from '../../src/auth/authenticator.ts';
import { decodeBase64 } from '../../src/auth/client-text.ts';
import { beginSasl, mechanismNamed, offeredMechanisms, respond } from '../../src/auth/sasl.ts';
import type { SaslSession, SaslStep, ScramOffer } from '../../src/auth/sasl-step.ts';
import { passwordsOnly } from '../support/authenticator.ts';
import { ScramClient } from '../support/scram-client.ts';
import { seeded } from '../support/seeded.ts';

const REFUSED = { kind: 'refused' } as const;
const peer: Peer = { session: 's', protocol: 'smtp', address: '192.0.2.1', network: '192.0.2.1' };
const BINDING = Buffer.alloc(32, 5);
const base64 = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(text, encoding).toString('base64');

/** Refuses everything, and keeps what it was asked. */
class Asked {
  readonly passwords: [login: string, password: string][] = [];
  readonly identities: string[] = [];
  readonly scrams: [login: string, attempt: ScramAttempt][] = [];
  readonly authenticator: Authenticator = {
    ...passwordsOnly,
    password: async (login, password) => {
      this.passwords.push([login, password]);
      return REFUSED;
    },
    external: async (identity) => {
      this.identities.push(identity);
      return REFUSED;
    },
    scramChallenge: async () => ({ nonce: 'server-nonce', salt: Buffer.from('salt'), iterations: 4096 }),
    scram: async (login, attempt) => {
      this.scrams.push([login, attempt]);
      return REFUSED;
    },
  };

  session(scram: ScramOffer = 'bound'): SaslSession {
    const { authenticator } = this;
    return { authenticator, peer, signal: new AbortController().signal, scram, binding: () => BINDING };
  }

  begin(mechanism: Mechanism, initial?: string, scram?: ScramOffer): Promise<SaslStep> {
    return beginSasl(mechanism, initial, this.session(scram));
  }

  /** A SCRAM exchange up to the client's last message; what its attempt came to. */
  async scram(client: ScramClient, mechanism: Mechanism, scram?: ScramOffer, nonce?: string): Promise<SaslStep> {
    const step = await this.begin(mechanism, base64(client.first), scram);
    if (step.kind !== 'ask') return step;
    return await respond(step.next, base64(client.final(step.challenge, nonce)));
  }
}

test('PLAIN takes one login, with an identity only where it is the login itself', async () => {
  const asked = new Asked();
  // Login names are folded wherever they are compared. The last is an old program that knows
  // Latin-1 only.
  for (const response of [
    base64('\0alice\0pw é'),
    base64('alice\0alice\0pw é'),
    base64('ALICE\0alice\0pw é'),
    base64('\0alice\0pw \xe9', 'latin1'),
  ])
    assert.deepEqual(await asked.begin('PLAIN', response), { kind: 'judged', by: 'password', outcome: REFUSED });
  assert.deepEqual(
    asked.passwords,
    Array.from({ length: 4 }, () => ['alice', 'pw é']),
  );
  assert.deepEqual(await asked.begin('PLAIN', base64('bob\0alice\0pw')), { kind: 'foreign' });
  assert.equal(asked.passwords.length, 4);
});

test('PLAIN reads nothing else: NULs, empty parts, length, and what is no base64', async () => {
  const asked = new Asked();
  for (const [response, why] of [
    ['', /two NULs/],
    ['=', /two NULs/],
    ['AAAA', /two NULs/],
    [base64('jan\0p'), /two NULs/],
    [base64('\0alice\0pw\0'), /two NULs/],
    [base64('\0alice\0pw\0q'), /two NULs/],
    [base64('alice\0\0pw'), /empty/],
    [base64('\0\0pw'), /empty/],
    [base64('\0alice\0'), /empty/],
    [base64(`\0alice\0${'x'.repeat(1025)}`), /too long/],
    ['!!!!', /not base64/],
    ['AGphbgB', /not base64/],
    ['AG phbgBw', /not base64/],
  ] as const) {
    const step = await asked.begin('PLAIN', response);
    assert.ok(step.kind === 'malformed', response);
    assert.match(step.why, why);
  }
  assert.deepEqual(await asked.begin('PLAIN', '*'), { kind: 'cancelled' });
  assert.deepEqual(asked.passwords, []);
});

test('LOGIN asks with the two prompts that clients expect', async () => {
  const asked = new Asked();
  const first = await asked.begin('LOGIN');
  assert.ok(first.kind === 'ask' && first.challenge === 'Username:');
  const second = await respond(first.next, base64('alice'));
  assert.ok(second.kind === 'ask' && second.challenge === 'Password:');
  for (const wrong of ['', 'YQ', 'Y===', base64('a\0b'), base64('x'.repeat(1025))]) {
    assert.equal((await respond(first.next, wrong)).kind, 'malformed', wrong);
    assert.equal((await respond(second.next, wrong)).kind, 'malformed', wrong);
  }
  assert.deepEqual(await respond(second.next, '*'), { kind: 'cancelled' });
  assert.equal((await respond(second.next, base64('pw é'))).kind, 'judged');
  assert.deepEqual(asked.passwords, [['alice', 'pw é']]);
});

test('EXTERNAL gives the identity, empty or not', async () => {
  const asked = new Asked();
  for (const response of ['', '=', base64('andré'), base64('andré', 'latin1')])
    assert.deepEqual(await asked.begin('EXTERNAL', response), {
      kind: 'judged',
      by: 'certificate',
      outcome: REFUSED,
    });
  assert.deepEqual(asked.identities, ['', '', 'andré', 'andré']);
  const step = await asked.begin('EXTERNAL');
  assert.ok(step.kind === 'ask' && step.challenge === '');
  for (const text of ['YQ', 'Y===', base64('a\0b'), base64('a'.repeat(2000))])
    assert.equal((await asked.begin('EXTERNAL', text)).kind, 'malformed', text);
});

test('SCRAM hands over name, AuthMessage and proof, with "=2C" and "=3D" read back', async () => {
  const asked = new Asked();
  const client = new ScramClient({ login: 'jan,=é', password: 'pw' });
  const step = await asked.begin('SCRAM-SHA-256', base64(client.first));
  assert.ok(step.kind === 'ask');
  assert.equal(step.challenge, 'r=client-nonceserver-nonce,s=c2FsdA==,i=4096');
  const final = client.final(step.challenge);
  assert.deepEqual(await respond(step.next, base64(final)), { kind: 'judged', by: 'password', outcome: REFUSED });
  const [[login, attempt]] = asked.scrams as [[string, ScramAttempt]];
  assert.equal(login, 'jan,=é');
  assert.equal(
    attempt.message,
    `n=jan=2C=3Dé,r=client-nonce,${step.challenge},${final.slice(0, final.lastIndexOf(',p='))}`,
  );
  assert.equal(attempt.fault, undefined);
});

test('SCRAM reads no other first message: grammar, flags, mandatory extensions, length', async () => {
  const asked = new Asked();
  for (const text of [
    '',
    'n,,',
    'n,,n=jan',
    'n,,n=,r=x',
    'n,,n=jan,r=',
    'n,,r=x,n=jan',
    'x,,n=jan,r=x',
    ',,n=jan,r=x',
    'n,n=jan,r=x',
    'n,b=jan,n=jan,r=x',
    'n,,m=ext,n=jan,r=x',
    'n,,n=j=an,r=x',
    'n,,n=j=2can,r=x',
    'n,,n=jan,r=a b',
    'n,,n=jan,r=x,',
    'n,,n=jan,r=x,ext',
    'n,,n=ja\0n,r=x',
    'p=tls-exporter,,n=jan,r=x',
    'p=,,n=jan,r=x',
    `n,,n=jan,r=${'x'.repeat(257)}`,
    `n,,n=${'j'.repeat(2048)},r=x`,
  ])
    assert.equal((await asked.begin('SCRAM-SHA-256', base64(text))).kind, 'malformed', text);
  for (const text of ['n,,n=jan,r=x', 'y,,n=jan,r=x'])
    assert.equal((await asked.begin('SCRAM-SHA-256-PLUS', base64(text))).kind, 'malformed', text);
  assert.equal((await asked.begin('SCRAM-SHA-256', base64('n,,n=j\xe9,r=x', 'latin1'))).kind, 'malformed');
  assert.equal((await asked.begin('SCRAM-SHA-256', base64('n,,n=jan,r=x,e=optional'))).kind, 'ask');
  assert.equal((await asked.begin('SCRAM-SHA-256', base64('n,a=JAN,n=jan,r=x'))).kind, 'ask');
  assert.deepEqual(await asked.begin('SCRAM-SHA-256', base64('n,a=piet,n=jan,r=x')), { kind: 'foreign' });
});

test('SCRAM reads no other final message', async () => {
  const asked = new Asked();
  for (const text of [
    '',
    'c=biws,r=client-nonceserver-nonce',
    'r=client-nonceserver-nonce,c=biws,p=AAAA',
    'c=biws,r=x,p=',
    'c=biws,r=x,p=AAA',
    'c=biw,r=x,p=AAAA',
    'c=biws,r=x,p=AAAA,e=later',
    `c=biws,r=x,p=${'A'.repeat(2048)}`,
  ]) {
    const step = await asked.begin('SCRAM-SHA-256', base64('n,,n=jan,r=client-nonce'));
    assert.ok(step.kind === 'ask');
    assert.equal((await respond(step.next, base64(text))).kind, 'malformed', text);
  }
  assert.deepEqual(asked.scrams, []);
});

test('a wrong nonce, another channel and a binding that was talked away are told to the authenticator', async () => {
  const PLUS = 'SCRAM-SHA-256-PLUS';
  const login = { login: 'jan', password: 'pw' };
  const bound = { ...login, header: 'p=tls-exporter,,', binding: BINDING };
  for (const [client, mechanism, offer, fault, nonce] of [
    [login, 'SCRAM-SHA-256', 'bound', undefined],
    [{ ...login, header: 'y,,' }, 'SCRAM-SHA-256', 'unbound', undefined],
    [bound, PLUS, 'bound', undefined],
    [{ ...login, header: 'y,,' }, 'SCRAM-SHA-256', 'bound', 'binding-downgrade'],
    [{ ...bound, header: 'p=tls-unique,,' }, PLUS, 'bound', 'binding-type'],
    [{ ...bound, binding: Buffer.alloc(32, 6) }, PLUS, 'bound', 'other-channel'],
    [{ ...bound, binding: Buffer.alloc(0) }, PLUS, 'bound', 'other-channel'],
    [{ ...login, binding: BINDING }, 'SCRAM-SHA-256', 'bound', 'other-channel'],
    [login, 'SCRAM-SHA-256', 'bound', 'wrong-nonce', 'client-nonce'],
    [login, 'SCRAM-SHA-256', 'bound', 'wrong-nonce', 'client-nonceserver-nonce2'],
  ] as const) {
    const asked = new Asked();
    assert.equal((await asked.scram(new ScramClient(client), mechanism, offer, nonce)).kind, 'judged');
    assert.equal(asked.scrams[0]?.[1].fault, fault, `${mechanism} ${JSON.stringify(client)} ${String(nonce)}`);
  }
});

test('a header that changes between the first and the final message is another channel', async () => {
  const asked = new Asked();
  const client = new ScramClient({ login: 'jan', password: 'pw' });
  const step = await asked.begin('SCRAM-SHA-256', base64(client.first));
  assert.ok(step.kind === 'ask');
  const final = client.final(step.challenge).replace('c=biws', `c=${base64('y,,')}`);
  await respond(step.next, base64(final));
  assert.equal(asked.scrams[0]?.[1].fault, 'other-channel');
});

test('SCRAM is listed and taken as far as the session offers it', () => {
  assert.deepEqual(offeredMechanisms(['PLAIN', 'LOGIN'], 'none'), ['PLAIN', 'LOGIN']);
  assert.deepEqual(offeredMechanisms(['PLAIN'], 'unbound'), ['SCRAM-SHA-256', 'PLAIN']);
  assert.deepEqual(offeredMechanisms(['PLAIN'], 'bound'), ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN']);
  assert.equal(mechanismNamed('scram-sha-256', 'none'), undefined);
  assert.equal(mechanismNamed('scram-sha-256', 'unbound'), 'SCRAM-SHA-256');
  assert.equal(mechanismNamed('SCRAM-SHA-256-PLUS', 'unbound'), undefined);
  assert.equal(mechanismNamed('Plain', 'none'), 'PLAIN');
  for (const name of ['', 'CRAM-MD5', 'SCRAM-SHA-1', 'constructor'])
    assert.equal(mechanismNamed(name, 'bound'), undefined, name);
});

test('decodeBase64() is strict about padding and alphabet', () => {
  assert.equal(decodeBase64('YQ==')?.toString(), 'a');
  for (const text of ['YQ=', 'YQ', 'Y===', 'YQ==YQ==', 'YQ\r\n', '-_-_'])
    assert.equal(decodeBase64(text), undefined, text);
});

test('no response throws (2,000 random ones for each mechanism, seeded)', async () => {
  const mechanisms = ['PLAIN', 'LOGIN', 'EXTERNAL', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'] as const;
  const asked = new Asked();
  for (let seed = 1; seed <= 2000; seed++) {
    const random = seeded(seed);
    const octets = Buffer.from(
      Array.from({ length: random.below(40) }, () => random.pick([0, 0, 44, 61, 110, 114, 255, random.below(256)])),
    );
    for (const mechanism of mechanisms)
      for (const text of [octets.toString('base64'), octets.toString('latin1')]) await asked.begin(mechanism, text);
  }
  assert.ok(asked.passwords.every(([login, password]) => login !== '' && password !== ''));
});
