import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createAuthenticator } from '../../src/auth/authenticate.ts';
import {
  type AuthenticatorLimits,
  type PasswordAuthenticator,
  authenticatorDefaults,
} from '../../src/auth/authenticator-options.ts';
import type { AuthOutcome, Peer, ScramFault, ScramOutcome } from '../../src/auth/authenticator.ts';
import { throttleDefaults } from '../../src/auth/throttle.ts';
import { SCRAM_ITERATIONS, scramVerifier } from '../../src/crypto/passwords/scram.ts';
import type { AccountId, OrganisationId } from '../../src/domain/ids.ts';
import { type Password, type State, MAX_PASSWORDS } from '../../src/domain/registry.ts';
import { hours, instant, milliseconds, minutes, seconds } from '../../src/domain/units.ts';
import { NetworkSet } from '../../src/platform/network.ts';
import type { AuditEvent } from '../../src/store/audit.ts';
import type { KnownNetwork, LoginRecord } from '../../src/store/registry.ts';
import { value } from '../crypto/support.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { assertNoSecret } from '../support/no-secret.ts';
import { ScramClient } from '../support/scram-client.ts';

type Changed = readonly AccountId[] | 'many';

/**
 * The part of the store that logins use, and passwords whose "hash" is `h:PASSWORD`, so that hashes
 * are counted and not computed.
 */
class World {
  readonly clock = new FakeClock();
  readonly log = new MemoryLog();
  readonly audit: AuditEvent[] = [];
  readonly records = new Map<string, LoginRecord>();
  readonly used: string[] = [];
  /** What was written down of networks, and what another process had. */
  readonly networks: KnownNetwork[] = [];
  before: readonly KnownNetwork[] = [];
  readonly rehashed: string[] = [];
  readonly verified: string[] = [];
  readonly listeners: ((accounts: Changed, what?: 'settings') => void)[] = [];
  readonly auth: PasswordAuthenticator;
  /** Set to keep hashes from ending. */
  hold: Promise<void> | undefined;
  broken = false;

  constructor(limits: Partial<AuthenticatorLimits> = {}, exempt: readonly string[] = []) {
    worlds.push(this);
    this.auth = createAuthenticator({
      registry: {
        findLogin: async (login) => {
          if (this.broken) throw new Error('the store is closed');
          return this.records.get(login);
        },
        findCertificate: async () => undefined,
        noteCertificateUse: () => undefined,
        notePasswordUse: (account, name) => void this.used.push(`${account}/${name}`),
        noteAppPasswordUse: (id) => void this.used.push(id),
        noteNetwork: (account, network, at) => void this.networks.push({ account, network, at, login: '' }),
        knownNetworks: async () => this.before,
        rehashPassword: async (account, name, from, to) =>
          void this.rehashed.push(
            `${account}/${name}: ${from} -> ${to.hash}${to.scram === undefined ? '' : ' and a verifier'}`,
          ),
        scramSaltKey: async () => {
          if (this.broken) throw new Error('the store is closed');
          return new Uint8Array(32).fill(7);
        },
        onChange: (listener) => void this.listeners.push(listener),
      },
      audit: { note: (event) => void this.audit.push(event) },
      clock: this.clock,
      log: this.log,
      random: (n) => new Uint8Array(n).fill(9),
      limits: { refusalGrid: milliseconds(0), ...limits },
      exempt: new NetworkSet(exempt),
      passwords: {
        verify: async (hash, text) => {
          this.verified.push(hash);
          await this.hold;
          return hash === `h:${text}`;
        },
        hash: async (text) => `new:${text}`,
        scram: async (text, salt) => await scramVerifier(text, salt, 4096),
      },
    });
  }

  add(login: string, passwords: readonly (string | Partial<Password>)[], state: State = 'active'): AccountId {
    const id = (this.records.size + 1) as AccountId;
    const organisation = {
      id: 1 as OrganisationId,
      name: 'practice',
      title: 'Practice',
      language: 'nl',
      settings: {},
    } as const;
    this.records.set(login, {
      account: { id, login, organisation: organisation.id, kind: 'mail', state, settings: {} },
      organisation,
      passwords: passwords.map((p, i) => ({
        account: id,
        name: `p${i}`,
        createdAt: instant(0),
        ...(typeof p === 'string' ? { hash: `h:${p}` } : { hash: 'h:', ...p }),
      })),
      appPasswords: [],
      version: 1,
    });
    return id;
  }

  change(login: string, change: Partial<LoginRecord>): void {
    const record = this.records.get(login)!;
    this.records.set(login, { ...record, ...change, version: record.version + 1 });
    for (const listener of this.listeners) listener([record.account.id]);
  }

  login(
    login: string,
    password: string,
    address = '192.0.2.1',
    signal = new AbortController().signal,
  ): Promise<AuthOutcome> {
    const peer: Peer = { session: 's1', protocol: 'pop3', address, network: address };
    return this.auth.password(login, password, peer, signal);
  }

  /** A whole exchange as a client of SCRAM has it. */
  async scram(login: string, password: string, { address = '192.0.2.1', fault }: ScramTry = {}): Promise<ScramOutcome> {
    const peer: Peer = { session: 's1', protocol: 'pop3', address, network: address };
    const challenge = await this.auth.scramChallenge(login, peer);
    if (challenge === undefined) return { kind: 'busy', why: 'store' };
    const { nonce, salt, iterations } = challenge;
    const client = new ScramClient({ login, password, ...(iterations === SCRAM_ITERATIONS ? { iterations: 1 } : {}) });
    const serverFirst = `r=client-nonce${nonce},s=${Buffer.from(salt).toString('base64')},i=${iterations}`;
    const final = client.final(serverFirst);
    const at = final.lastIndexOf(',p=');
    return await this.auth.scram(
      login,
      {
        mechanism: 'SCRAM-SHA-256',
        salt,
        iterations,
        message: `${client.first.slice('n,,'.length)},${serverFirst},${final.slice(0, at)}`,
        proof: Buffer.from(final.slice(at + 3), 'base64'),
        ...(fault === undefined ? {} : { fault }),
      },
      peer,
      new AbortController().signal,
    );
  }

  /** Lets the account log in by SCRAM: a verifier that costs little beside each hash. */
  async allowScram(login: string): Promise<void> {
    const record = this.records.get(login)!;
    const passwords = await Promise.all(
      record.passwords.map(async (p) => ({
        ...p,
        scram: value(await scramVerifier(p.hash.slice('h:'.length), Buffer.from('salt of 16 octet'), 4096)),
      })),
    );
    this.change(login, { account: { ...record.account, settings: { scram: true } }, passwords });
  }

  /** Logs in and tells what came of it and how many hashes it took. */
  async try(login: string, password: string, address?: string): Promise<readonly [AuthOutcome['kind'], number]> {
    const before = this.verified.length;
    const { kind } = await this.login(login, password, address);
    return [kind, this.verified.length - before];
  }
}

interface ScramTry {
  readonly address?: string;
  readonly fault?: ScramFault;
}

const worlds: World[] = [];
// Whatever a test was about: passwords stand in neither log nor audit trail, and no verifier does.
after(() => {
  assert.ok(worlds.length > 0);
  for (const { log, audit } of worlds) assertNoSecret([log.events, audit], 'secret', 'SCRAM-SHA-256$');
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the right password is granted with account and organisation, its use noted and audited', async () => {
  const world = new World();
  const id = world.add('a@x.example', ['secret']);
  const outcome = await world.login('A@X.example', 'secret');
  assert.ok(outcome.kind === 'granted');
  assert.equal(outcome.account.id, id);
  assert.equal(outcome.organisation.name, 'practice');
  assert.deepEqual(world.used, ['1/p0']);
  assert.equal(world.audit[0]?.event, 'login.granted');
  assert.equal(world.audit[0].account, id);
});

test('unknown login, wrong password, suspended, ended, impossible: refused alike, after one hash each', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  world.add('suspended@x.example', ['secret'], 'suspended');
  world.add('ended@x.example', ['secret'], 'ended');
  world.add('none@x.example', []);
  world.add('past@x.example', [{ hash: 'h:secret', endsAt: instant(world.clock.now()) }]);
  for (const [login, password] of [
    ['a@x.example', 'wrong'],
    ['a@x.example', ''],
    ['a@x.example', 'secret\0'],
    ['a@x.example', 'x'.repeat(100_000)],
    ['nobody@x.example', 'secret'],
    ['not : a "login"', 'secret'],
    ['', 'secret'],
    ['x'.repeat(100_000), 'secret'],
    ['suspended@x.example', 'secret'],
    ['suspended@x.example', 'wrong'],
    ['ended@x.example', 'secret'],
    ['none@x.example', 'secret'],
    ['past@x.example', 'secret'],
  ] as const) {
    world.clock.advance(hours(2));
    assert.deepEqual(
      await world.try(login, password),
      ['refused', 1],
      `${login.slice(0, 30)} ${password.slice(0, 10)}`,
    );
  }
});

test('the work for an unknown login is a hash of the scheme and cost of our own', async () => {
  const world = new World();
  await world.login('nobody@x.example', 'secret');
  assert.match(world.verified[0]!, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test('a refusal leaves on the grid, however long it took to find', async () => {
  const world = new World({ refusalGrid: milliseconds(300) });
  let answered = false;
  const login = world.login('nobody@x.example', 'secret').then((outcome) => {
    answered = true;
    return outcome;
  });
  await settled();
  world.clock.advance(299);
  await settled();
  assert.equal(answered, false);
  world.clock.advance(1);
  assert.deepEqual(await login, { kind: 'refused' });
});

test('a remembered login takes no hash, for an hour after its last use', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 1]);
  for (let i = 0; i < 5; i += 1) {
    world.clock.advance(hours(1) - 1);
    assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 0]);
  }
  assert.deepEqual(await world.try('a@x.example', 'wrong'), ['refused', 1]);
  world.clock.advance(hours(1));
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 1]);
});

test('a change of settings alone costs no hash: they are asked at every login', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 1]);
  const { account } = world.records.get('a@x.example')!;
  for (const listener of world.listeners) listener([account.id], 'settings');
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 0]);
  for (const listener of world.listeners) listener([account.id]);
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 1]);
});

test('a change of the account is seen by the next login: new password, suspension, revocation', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  await world.login('a@x.example', 'secret');
  world.change('a@x.example', { passwords: [] });
  assert.equal(world.auth.load.remembered, 0);
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['refused', 1]);
  world.add('b@x.example', ['secret']);
  await world.login('b@x.example', 'secret');
  const { account } = world.records.get('b@x.example')!;
  world.change('b@x.example', { account: { ...account, state: 'suspended' } });
  assert.deepEqual(await world.try('b@x.example', 'secret'), ['refused', 1]);
});

test('a change that the listener did not hear of is still seen, by its version', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  await world.login('a@x.example', 'secret');
  const record = world.records.get('a@x.example')!;
  world.records.set('a@x.example', { ...record, passwords: [], version: 2 });
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['refused', 1]);
});

test('a change that touches many accounts costs no hash where nothing has changed', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  await world.login('a@x.example', 'secret');
  for (const listener of world.listeners) listener('many');
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 0]);
});

test('a password that was revoked while its login waited in line does not open', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  world.add('slow@x.example', ['secret']);
  let release = (): void => undefined;
  world.hold = new Promise((resolve) => (release = resolve));
  const running = [
    world.login('slow@x.example', 'x', '198.51.100.1'),
    world.login('slow@x.example', 'y', '198.51.100.2'),
  ];
  const waiting = world.login('a@x.example', 'secret');
  await settled();
  world.change('a@x.example', { passwords: [] });
  release();
  assert.deepEqual(await waiting, { kind: 'refused' });
  await Promise.all(running);
});

test('several passwords: the one used last is tried first, an ended one never, and no more than the limit', async () => {
  const world = new World();
  const now = world.clock.now();
  world.add('a@x.example', [
    { name: 'desk', hash: 'h:desk', createdAt: instant(now - 3000) },
    { name: 'phone', hash: 'h:phone', createdAt: instant(now - 4000), lastUsedAt: instant(now - 10) },
    { name: 'old', hash: 'h:old', createdAt: instant(now - 5000), lastUsedAt: instant(now - 5), endsAt: instant(now) },
  ]);
  assert.deepEqual(await world.try('a@x.example', 'phone'), ['granted', 1]);
  assert.deepEqual(await world.try('a@x.example', 'desk'), ['granted', 2]);
  assert.deepEqual(await world.try('a@x.example', 'old'), ['refused', 2]);
  world.add(
    'many@x.example',
    Array.from({ length: 20 }, (_, i) => `p${i}`),
  );
  assert.deepEqual(await world.try('many@x.example', 'wrong'), ['refused', MAX_PASSWORDS]);
});

test('a remembered password stops at its end', async () => {
  const world = new World();
  world.add('a@x.example', [{ hash: 'h:secret', endsAt: instant(world.clock.now() + minutes(5)) }]);
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 1]);
  world.clock.advance(minutes(5));
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['refused', 1]);
});

test('an imported hash is replaced after its first success, once, and not after a failure', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  await world.login('a@x.example', 'wrong');
  await Promise.all([world.login('a@x.example', 'secret'), world.login('a@x.example', 'secret')]);
  await settled();
  assert.deepEqual(world.rehashed, ['1/p0: h:secret -> new:secret']);
});

test('uses of a remembered password are noted at most every ten minutes', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  for (let minute = 0; minute < 30; minute += 1) {
    await world.login('a@x.example', 'secret');
    world.clock.advance(minutes(1));
  }
  assert.equal(world.used.length, 3);
});

test('back-off answers busy without a hash, and never says that a password was wrong', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  const outcomes: string[] = [];
  for (let i = 0; i < 12; i += 1) {
    world.clock.advance(100);
    outcomes.push((await world.try('a@x.example', `guess ${i}`, '198.51.100.7')).join(' '));
    if (outcomes.at(-1) === 'busy 0') break;
    // Short back-offs are waited out.
    if (i >= 4) world.clock.advance(seconds(8));
  }
  assert.equal(outcomes.at(-1), 'busy 0');
  assert.equal(new Set(outcomes.slice(0, -1)).size, 1);
});

test('a short back-off is waited out and then judged', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  for (let i = 0; i < 5; i += 1) await world.login('a@x.example', `guess ${i}`);
  const login = world.login('a@x.example', 'secret');
  await settled();
  assert.equal(world.verified.length, 5);
  world.clock.advance(1001);
  assert.equal((await login).kind, 'granted');
});

test('a flood of wrong logins does not lock out a remembered one, nor one from a known network', async () => {
  const world = new World({ queue: { ...authenticatorDefaults.queue, length: 50 } });
  world.add('a@x.example', ['secret']);
  await world.login('a@x.example', 'secret');
  let release = (): void => undefined;
  world.hold = new Promise((resolve) => (release = resolve));
  const flood = Array.from({ length: 500 }, (_, i) =>
    world.login('a@x.example', `guess ${i}`, `198.51.100.${i % 250}`),
  );
  await settled();
  assert.equal(world.auth.load.waiting, 50);
  assert.deepEqual(await world.try('a@x.example', 'secret'), ['granted', 0]);

  // The memory is lost (say, a changed setting): the owner's network takes a stranger's place in
  // the full line and goes first.
  world.change('a@x.example', {});
  const owner = world.login('a@x.example', 'secret');
  release();
  assert.equal((await owner).kind, 'granted');
  const kinds = new Set((await Promise.all(flood)).map((o) => o.kind));
  assert.deepEqual([...kinds].sort(), ['busy', 'refused']);
  assert.ok(world.verified.length < 20, `the throttle left ${world.verified.length} hashes of 500`);
});

test('an owner in a new network gets in at once while others guess from their networks, and so does one who proves it by SCRAM', async () => {
  const world = new World();
  world.add('a@x.example', ['the-secret']);
  await world.allowScram('a@x.example');
  for (let i = 0; i < 200; i += 1) void world.login('a@x.example', `guess ${i}`, `198.51.${i % 20}.1`);
  for (let turn = 0; turn < 5; turn += 1) {
    await settled();
    world.clock.advance(2001);
  }
  assert.equal((await world.login('a@x.example', 'other', '198.51.3.9')).kind, 'busy', 'the account is under attack');
  assert.equal((await world.login('a@x.example', 'the-secret', '203.0.113.1')).kind, 'granted');
  assert.equal((await world.scram('a@x.example', 'the-secret', { address: '2001:db8:7::1' })).kind, 'granted');
});

test('a network that the account logged in from before the start is known, and what is written is one line a day', async () => {
  const old = new World();
  const id = old.add('a@x.example', ['the-secret']);
  for (let i = 0; i < 48; i += 1) {
    await old.login('a@x.example', 'the-secret');
    old.clock.advance(hours(1));
  }
  assert.equal(old.networks.length, 2);
  const world = new World({ shortWait: milliseconds(0), throttle: { ...throttleDefaults, freshTries: 0 } });
  world.before = old.networks.map((known) => ({ ...known, login: 'a@x.example' }));
  await world.auth.recallNetworks();
  assert.equal(world.add('a@x.example', ['the-secret']), id);
  for (let i = 0; i < 50; i += 1) void world.login('a@x.example', `guess ${i}`, `198.51.100.${i}`);
  await settled();
  assert.equal((await world.login('a@x.example', 'the-secret', '203.0.113.1')).kind, 'busy', 'a stranger waits');
  assert.ok(world.auth.knows('192.0.2.1') && !world.auth.knows('203.0.113.1'));
  assert.deepEqual(await world.try('a@x.example', 'the-secret'), ['granted', 1]);
});

/**
 * What a guesser sees of 40 guesses, each at another password: outcome and time. Some turns earlier
 * the network failed at other names.
 */
async function seen(known: boolean, failures: number): Promise<readonly string[]> {
  const world = new World({ refusalGrid: milliseconds(300) });
  world.add('a@x.example', ['the-secret']);
  const timed = async (login: string, password: string, address = '192.0.2.1'): Promise<string> => {
    const came = world.clock.monotonic();
    let kind: string | undefined;
    const asked = world.login(login, password, address).then((outcome) => (kind = outcome.kind));
    for (; kind === undefined; world.clock.advance(25)) await settled();
    await asked;
    return `${kind} ${world.clock.monotonic() - came}`;
  };
  if (known) await timed('a@x.example', 'the-secret');
  else await timed('nobody@x.example', 'none', '203.0.113.1');
  for (let i = 0; i < failures; i += 1) await timed(`other${i}@x.example`, `guess ${i}`);
  const answers: string[] = [];
  for (let i = 0; i < 40; i += 1) {
    answers.push(await timed('a@x.example', `guess ${i}`));
    world.clock.advance(i % 5 === 0 ? seconds(20) : 100);
  }
  return answers;
}

test('a wrong password at an account that is known to the network looks and takes as at any other, whatever the back-off', async () => {
  // One failure more is free for each account that the network knows.
  for (const failures of [0, 25, 60]) {
    const [here, elsewhere] = [await seen(true, failures + 1), await seen(false, failures)];
    assert.deepEqual(here, elsewhere, `${failures} failures before`);
    assert.ok(
      here.some((answer) => answer.startsWith('busy')),
      'the back-off was met',
    );
  }
});

test('what is remembered is no oracle: a stranger who guesses right while he is slowed down hears nothing', async () => {
  const world = new World({ shortWait: milliseconds(0) });
  world.add('a@x.example', ['the-secret']);
  assert.deepEqual(await world.try('a@x.example', 'the-secret'), ['granted', 1]);
  for (let i = 0; i < 40; i += 1) await world.login('a@x.example', `guess ${i}`, '198.51.100.1');
  assert.deepEqual(await world.try('a@x.example', 'the-secret', '198.51.100.1'), ['busy', 0]);
  assert.deepEqual(await world.try('a@x.example', 'the-secret'), ['granted', 0]);
});

test('a neighbour in the network of the owner gets a thousand free guesses an hour, not all of them', async () => {
  const { freeRecalls, pairCap, forgetAfter } = throttleDefaults;
  const world = new World({ shortWait: milliseconds(0) });
  world.add('a@x.example', ['the-secret']);
  // The owner's first login is the first that the memory does not know.
  await world.login('a@x.example', 'the-secret');
  for (let i = 2; i < freeRecalls; i += 1) await world.login('a@x.example', `guess ${i}`);
  assert.deepEqual(await world.try('a@x.example', 'the-secret'), ['granted', 0]);
  // That success has forgiven the pair: it takes ten failures more until it is slowed down again.
  for (let i = 0; i < 20; i += 1) await world.login('a@x.example', `more ${i}`);
  assert.deepEqual(await world.try('a@x.example', 'the-secret'), ['busy', 0]);
  // From here on the owner waits for the back-off of the pair, and has the memory again within an
  // hour.
  world.clock.advance(pairCap);
  assert.deepEqual(await world.try('a@x.example', 'the-secret'), ['granted', 1]);
  world.clock.advance(forgetAfter);
  assert.deepEqual(await world.try('a@x.example', 'the-secret'), ['granted', 1]);
  assert.deepEqual(await world.try('a@x.example', 'the-secret'), ['granted', 0]);
});

test('overload waits at most 20 s and then answers busy', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  world.hold = new Promise(() => undefined);
  void world.login('a@x.example', 'x', '198.51.100.1');
  void world.login('a@x.example', 'y', '198.51.100.2');
  await settled();
  const third = world.login('a@x.example', 'secret');
  await settled();
  world.clock.advance(seconds(20));
  assert.deepEqual(await third, { kind: 'busy' });
});

test('a peer that leaves frees its place and leaves no event behind', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  world.hold = new Promise(() => undefined);
  void world.login('a@x.example', 'x', '198.51.100.1');
  void world.login('a@x.example', 'y', '198.51.100.2');
  await settled();
  const peer = new AbortController();
  const third = world.login('a@x.example', 'secret', '192.0.2.1', peer.signal);
  await settled();
  assert.equal(world.auth.load.waiting, 1);
  peer.abort();
  assert.deepEqual(await third, { kind: 'busy' });
  assert.equal(world.auth.load.waiting, 0);
  await world.auth.close();
  assert.deepEqual(world.audit, []);
});

test('an exempt network is never held up', async () => {
  const world = new World({}, ['10.0.0.0/8']);
  world.add('a@x.example', ['secret']);
  for (let i = 0; i < 100; i += 1)
    assert.equal((await world.login('a@x.example', `guess ${i}`, '10.1.2.3')).kind, 'refused');
  assert.deepEqual(await world.try('a@x.example', 'secret', '10.1.2.3'), ['granted', 1]);
});

test('a store that cannot answer is busy, logged as an error, and no wrong password', async () => {
  const world = new World();
  world.broken = true;
  assert.deepEqual(await world.login('a@x.example', 'secret'), { kind: 'busy', why: 'store' });
  assert.ok(world.log.names.includes('auth.error'));
});

test('failures are one audit row for account, network and minute', async () => {
  const world = new World();
  const id = world.add('a@x.example', ['secret']);
  for (let i = 0; i < 4; i += 1) await world.login('a@x.example', `guess ${i}`);
  await world.login('nobody@x.example', 'guess');
  assert.deepEqual(world.audit, []);
  world.clock.advance(minutes(1));
  assert.deepEqual(world.audit, [
    {
      event: 'login.refused',
      outcome: 'failure',
      account: id,
      facts: { protocol: 'pop3', reason: 'wrong', count: 4 },
      personal: { login: 'a@x.example', network: '192.0.2.1' },
    },
    {
      event: 'login.refused',
      outcome: 'failure',
      facts: { protocol: 'pop3', reason: 'unknown', count: 1 },
      personal: { login: 'nobody@x.example', network: '192.0.2.1' },
    },
  ]);
});

test('a day of polling each minute leaves two audit rows an hour', async () => {
  const world = new World();
  world.add('a@x.example', ['secret']);
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    await world.login('a@x.example', 'secret');
    world.clock.advance(minutes(1));
  }
  await world.auth.close();
  const logins = world.audit.reduce((n, e) => n + Number(e.facts?.logins ?? 0), 0);
  assert.equal(logins, 24 * 60, 'every login is counted');
  assert.ok(world.audit.length <= 50, String(world.audit.length));
});

test('no password stands in log or audit, in clear or in base64, also when it was typed as the login', async () => {
  const world = new World();
  world.add('a@x.example', ['hunter2-secret']);
  await world.login('a@x.example', 'hunter2-secret');
  await world.login('a@x.example', 'hunter2-secret');
  await world.login('hunter2-secret', 'a@x.example');
  await world.login('a@x.example', 'hunter2-secret-wrong');
  await world.auth.close();
  assertNoSecret([world.log.events, world.audit], 'hunter2-secret');
});

test('SCRAM takes no hash, notes the use every ten minutes, and fills the audit trail no more than polling does', async () => {
  const world = new World();
  world.add('a@x.example', ['first-secret', 'second-secret']);
  await world.allowScram('a@x.example');
  for (let poll = 0; poll < 15; poll += 1) {
    const outcome = await world.scram('A@x.example', 'second-secret');
    assert.ok(outcome.kind === 'granted');
    assert.equal(outcome.signature.length, 32);
    world.clock.advance(minutes(1));
  }
  assert.deepEqual(world.verified, []);
  assert.deepEqual(world.used, ['1/p1', '1/p1']);
  await world.auth.close();
  assert.deepEqual(
    world.audit.map(({ event, facts }) => [event, facts?.how ?? facts?.scram, facts?.logins]),
    [
      ['login.granted', 'scram-sha-256', 1],
      ['login.granted', true, 14],
    ],
  );
});

test('a proof is refused alike for every reason, after one grid', async () => {
  const world = new World({ refusalGrid: milliseconds(300) });
  for (const state of ['active', 'suspended', 'ended'] as const) {
    world.add(`${state}@x.example`, ['the-secret'], state);
    await world.allowScram(`${state}@x.example`);
  }
  world.add('off@x.example', ['the-secret']);
  world.add('past@x.example', ['the-secret']);
  await world.allowScram('past@x.example');
  const past = world.records.get('past@x.example')!;
  world.change('past@x.example', {
    passwords: past.passwords.map((p) => ({ ...p, endsAt: instant(world.clock.now()) })),
  });
  for (const [login, password, fault] of [
    ['active@x.example', 'wrong'],
    ['active@x.example', 'the-secret', 'wrong-nonce'],
    ['suspended@x.example', 'the-secret'],
    ['ended@x.example', 'the-secret'],
    ['off@x.example', 'the-secret'],
    ['past@x.example', 'the-secret'],
    ['nobody@x.example', 'the-secret'],
    ['not : a "login"', 'the-secret'],
    ['', 'the-secret'],
  ] as const) {
    world.clock.advance(hours(2));
    let answer: ScramOutcome | undefined;
    const asked = world
      .scram(login, password, fault === undefined ? {} : { fault })
      .then((outcome) => (answer = outcome));
    await settled();
    world.clock.advance(299);
    await settled();
    assert.equal(answer, undefined, login);
    world.clock.advance(1);
    assert.deepEqual(await asked, { kind: 'refused' }, login);
  }
});

test('a challenge is of one make for every name, and the same one each time but for its nonce', async () => {
  const world = new World();
  world.add('on@x.example', ['the-secret']);
  await world.allowScram('on@x.example');
  world.add('off@x.example', ['the-secret']);
  const peer: Peer = { session: 's1', protocol: 'smtp', address: '192.0.2.1', network: '192.0.2.1' };
  const salts = new Set<string>();
  for (const login of ['on@x.example', 'off@x.example', 'nobody@x.example', 'not : a "login"', 'x'.repeat(10_000)]) {
    const [first, second] = [
      await world.auth.scramChallenge(login, peer),
      await world.auth.scramChallenge(login, peer),
    ];
    assert.ok(first !== undefined);
    assert.deepEqual(first.salt, second?.salt);
    assert.equal(first.salt.length, 16);
    assert.match(first.nonce, /^[\x21-\x2b\x2d-\x7e]{24}$/);
    salts.add(String(first.salt));
  }
  // The two that no account can have share one: nobody can ask for a registration under either.
  assert.equal(salts.size, 4);
});

test('guesses by SCRAM are slowed down with those by password, before they are judged', async () => {
  const world = new World();
  world.add('a@x.example', ['the-secret']);
  await world.allowScram('a@x.example');
  const { freePerAccount } = throttleDefaults;
  for (let i = 0; i < freePerAccount; i += 1)
    assert.equal((await world.scram('a@x.example', `guess ${i}`, { address: '198.51.100.1' })).kind, 'refused');
  let [judged, kind] = [0, 'refused'];
  for (; kind === 'refused' && judged < 10; judged += 1) {
    let answer: ScramOutcome | undefined;
    const guess = world.scram('a@x.example', `more ${judged}`, { address: '198.51.100.1' });
    const asked = guess.then((outcome) => (answer = outcome));
    await settled();
    // A short back-off is waited out.
    if (answer === undefined) world.clock.advance(2001);
    ({ kind } = await asked);
  }
  assert.equal(kind, 'busy');
  // Longer than is waited out: neither way in is judged, and right is as busy as wrong.
  assert.equal((await world.scram('a@x.example', 'the-secret', { address: '198.51.100.1' })).kind, 'busy');
  assert.equal((await world.login('a@x.example', 'the-secret', '198.51.100.1')).kind, 'busy');
});

test('of a burst of guesses by SCRAM no more are judged than one after the other', async () => {
  const world = new World();
  world.add('a@x.example', ['the-secret']);
  await world.allowScram('a@x.example');
  const burst = Array.from({ length: 200 }, (_, i) => world.scram('a@x.example', `guess ${i}`));
  for (let turn = 0; turn < 5; turn += 1) {
    await settled();
    world.clock.advance(2001);
  }
  const kinds = (await Promise.all(burst)).map(({ kind }) => kind);
  assert.ok(
    kinds.filter((kind) => kind === 'refused').length < 12,
    String(kinds.filter((k) => k === 'refused').length),
  );
  assert.ok(kinds.includes('busy'));
});

test('a store that cannot answer is busy to SCRAM as well', async () => {
  const world = new World();
  world.add('a@x.example', ['the-secret']);
  await world.allowScram('a@x.example');
  world.broken = true;
  assert.deepEqual(await world.scram('a@x.example', 'the-secret'), { kind: 'busy', why: 'store' });
  assert.equal(world.log.events.at(-1)?.event, 'auth.error');
});

test('a login by password makes the verifier that the setting asks for, once, and no other does', async () => {
  const world = new World();
  world.add('a@x.example', ['the-secret']);
  world.add('off@x.example', ['the-secret']);
  // What SASLprep prohibits opens the account in every way but SCRAM.
  world.add('marks@x.example', ['the-\u202esecret']);
  for (const login of ['a@x.example', 'marks@x.example'])
    world.change(login, { account: { ...world.records.get(login)!.account, settings: { scram: true } } });
  for (const [login, password] of [
    ['a@x.example', 'the-secret'],
    ['off@x.example', 'the-secret'],
    ['marks@x.example', 'the-\u202esecret'],
  ] as const)
    assert.equal((await world.login(login, password)).kind, 'granted');
  while (world.rehashed.length < 3) await settled();
  assert.deepEqual(
    world.rehashed.filter((text) => text.includes('verifier')),
    ['1/p0: h:the-secret -> new:the-secret and a verifier'],
  );
});
