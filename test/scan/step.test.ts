/**
 * The step that looks for malware: what the scanner is given, and what a message is answered. The
 * scanner here knows the test file of EICAR, also in base64.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, entityOf, readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import { encrypted, opaqueSigned, protect, withHeader } from '../../src/crypto/smime/protect.ts';
import { Chain, type ChainOutcome } from '../../src/middleware/chain.ts';
import { ArmourWatch } from '../../src/scan/content.ts';
import { scanOpened } from '../../src/scan/opened.ts';
import type { ScanPolicy } from '../../src/scan/rules.ts';
import { type ScanParts, scan } from '../../src/scan/step.ts';
import type { Submitted } from '../../src/middleware/middleware.ts';
import { smimeOpen } from '../../src/protection/smime-open.ts';
import { instant } from '../../src/domain/units.ts';
import { EICAR } from '../../src/scan/proof.ts';
import type { Verdict } from '../../src/scan/verdict.ts';
import { type Person, collect, person, signerOf } from '../crypto/cms/support.ts';
import { NOW, value } from '../crypto/support.ts';
import type { Cleanup } from '../support/store.ts';
import { type Bench, bench, contentOf, copyFor, keyOf, letter, passed, random, size } from '../protection/support.ts';

const BOB = 'bob@praktijk.example';
const CAROL = 'carol@praktijk.example';
const FOUND: Verdict = { kind: 'found', name: 'Eicar-Test' };
const AWAY: Verdict = { kind: 'failed', because: 'away', why: 'ENOENT' };
const FULL: Verdict = { kind: 'failed', because: 'full', why: 'too many messages wait for it' };
const LARGE: Verdict = { kind: 'too-large', why: 'Heuristics.Limits.Exceeded.MaxScanSize' };
const STRICT: ScanPolicy = { away: 'refuse', tooLarge: 'refuse', encrypted: 'refuse' };
const LENIENT: ScanPolicy = { away: 'pass', tooLarge: 'pass', encrypted: 'pass' };
const USUAL: ScanPolicy = { ...STRICT, encrypted: 'pass' };

const PLAIN = letter('the text\r\n');
const INFECTED = letter(`${EICAR.toString('latin1')}\r\n`);
const ATTACHED = letter(`${EICAR.toString('base64')}\r\n`, {
  header: 'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n',
});

interface Scanning extends Bench {
  readonly parts: ScanParts;
  /** What it is asked of next, else what it finds. */
  readonly says: Verdict[];
  /** What the scanner was given. */
  readonly given: Buffer[];
  submit(content: Uint8Array, to?: readonly string[], more?: Partial<Submitted>): Promise<ChainOutcome>;
  /** How many messages passed by an exemption. */
  exempted(): number;
}

async function scanning(t: Cleanup, policy: ScanPolicy = USUAL): Promise<Scanning> {
  const b = await bench(t);
  await b.register(BOB, { open: true });
  await b.register(CAROL);
  b.keys.held.set(BOB, [keyOf(await person('rsa2048'))]);
  const given: Buffer[] = [];
  const says: Verdict[] = [];
  let exempted = 0;
  const parts: ScanParts = {
    ...{ policy, keys: b.keys, audit: b.store.audit, log: b.log, maxContent: size(1_000_000) },
    scanner: {
      passedExempt: () => void (exempted += 1),
      scan: async ({ slices }) => {
        const content = await collect(slices());
        given.push(content);
        const base64 = EICAR.toString('base64').slice(0, 60);
        const finds = content.includes(EICAR) || content.includes(base64) ? FOUND : { kind: 'clean' as const };
        return says.shift() ?? finds;
      },
    },
  };
  const opening = smimeOpen({
    ...{ keys: b.keys, random, log: b.log, authserv: 'mail.test', scan: scanOpened(parts) },
    ...{ helpdesk: { address: 'beheer@mail.test' }, maxContent: size(1_000_000) },
  });
  const submit: Scanning['submit'] = async (content, to = [CAROL], more = {}) =>
    await new Chain(b.store, [scan(parts), opening]).run(await b.submitted(content, to, more));
  return { ...b, parts, says, given, submit, exempted: () => exempted };
}

const events = ({ log }: Bench): string[] => log.names.filter((name) => name.startsWith('scan.'));

const replyOf = (outcome: ChainOutcome): string =>
  outcome.kind === 'passed' ? 'passed' : `${outcome.refusal.reply} ${outcome.refusal.status} ${outcome.refusal.text}`;

const read = async (octets: Buffer): Promise<Message> => value(await readMessage(sourceOf(octets)));
const signing = (by: Person) => ({ signers: [signerOf(by)], signingTime: NOW });

test('a message is scanned whole, and says in the row of its acceptance that it is clean', async (t) => {
  const s = await scanning(t);
  const outcome = passed(await s.submit(PLAIN));
  assert.deepEqual(s.given, [PLAIN]);
  assert.deepEqual([outcome.facts, outcome.audit], [{ scan: 'clean' }, []]);
  assert.deepEqual(events(s), []);
});

test('malware is refused with its name, with a row in the trail and an event in the log', async (t) => {
  const s = await scanning(t, LENIENT);
  const reply = replyOf(await s.submit(INFECTED));
  assert.match(reply, /^554 5\.7\.1 The message holds malware \(Eicar-Test\) and is refused; /);
  const rows = (await s.store.audit.read({ limit: 100 })).filter(({ event }) => event === 'scan.found');
  assert.deepEqual(
    rows.map(({ facts, outcome }) => [facts, outcome]),
    [[{ signature: 'Eicar-Test', where: 'submitted' }, 'failure']],
  );
  assert.deepEqual(events(s), ['scan.found']);
});

for (const [what, verdict, policy, expected] of [
  ['a scanner that is away', AWAY, USUAL, /^451 4\.7\.1 .* cannot scan .*; try again later$/],
  ['a scanner with too much to do', FULL, USUAL, /^451 4\.4\.5 .*; try again later$/],
  ['a message that is too large to scan', LARGE, USUAL, /^552 5\.3\.4 .* too large to be scanned/],
  [
    'an archive with a password',
    { kind: 'encrypted', why: 'Heuristics.Encrypted.Zip' },
    STRICT,
    /^554 5\.7\.1 .* encrypted/,
  ],
] as const)
  test(`${what} is refused or passes with a mark, as the setting says`, async (t) => {
    const s = await scanning(t, policy);
    s.says.push(verdict);
    assert.match(replyOf(await s.submit(PLAIN)), expected);
    assert.deepEqual(events(s), ['scan.refused']);
    const lenient = await scanning(t, LENIENT);
    lenient.says.push(verdict);
    const outcome = passed(await lenient.submit(PLAIN));
    const mark = verdict.kind === 'failed' ? 'unscanned' : verdict.kind;
    assert.deepEqual(outcome.facts, { scan: mark });
    assert.deepEqual(
      outcome.audit.map(({ event, facts }) => [event, facts?.mark]),
      [['scan.marked', mark]],
    );
    assert.deepEqual(events(lenient), ['scan.marked']);
  });

test('what is only signed in S/MIME is taken out for the scanner, which cannot do so itself', async (t) => {
  const s = await scanning(t, STRICT);
  const opaque = async (content: Buffer): Promise<Buffer> => {
    const message = await read(content);
    return await collect(withHeader(message, opaqueSigned(entityOf(message), signing(await person('p256')))));
  };
  assert.match(replyOf(await s.submit(await opaque(ATTACHED))), /^554 5\.7\.1 The message holds malware/);
  const outcome = passed(await s.submit(await opaque(PLAIN)));
  assert.deepEqual(outcome.facts, { scan: 'clean' }, 'and it is not taken for encrypted');
  assert.match(s.given.at(-1)?.toString('latin1') ?? '', /\r\n\r\nthe text\r\n$/);
});

const sealed = async (content: Buffer, cipher: 'aes-256-cbc' | 'aes-256-gcm' = 'aes-256-cbc'): Promise<Buffer> => {
  const message = await read(content);
  const { certificate } = await person('rsa2048');
  const encryption = { recipients: [{ certificate, transport: 'oaep' as const }], cipher, random };
  return await collect(withHeader(message, encrypted(entityOf(message), encryption)));
};
const signedAndSealed = async (content: Buffer): Promise<Buffer> => {
  const { certificate } = await person('rsa2048');
  const encryption = {
    recipients: [{ certificate, transport: 'oaep' as const }],
    cipher: 'aes-256-cbc' as const,
    random,
  };
  return await collect(
    protect(
      await read(content),
      { kind: 'interop', signing: signing(await person('p256')), encryption },
      { random, eightBit: false },
    ),
  );
};

test('what is encrypted end to end passes with a mark, or is refused; for addressees of the gateway it is opened first', async (t) => {
  const s = await scanning(t);
  const outcome = passed(await s.submit(await sealed(PLAIN)));
  assert.deepEqual(outcome.facts, { scan: 'encrypted' });
  const strict = await scanning(t, STRICT);
  assert.match(replyOf(await strict.submit(await sealed(PLAIN))), /^554 5\.7\.1 .* is encrypted/);
  assert.match(replyOf(await strict.submit(await sealed(PLAIN), [BOB, CAROL])), /^554 5\.7\.1 .* is encrypted/);
  assert.equal(replyOf(await strict.submit(await sealed(PLAIN), [BOB])), 'passed');
  const pgp = letter('-----BEGIN PGP MESSAGE-----\r\n\r\nxx\r\n-----END PGP MESSAGE-----\r\n');
  assert.match(replyOf(await strict.submit(pgp)), /^554 5\.7\.1 .* is encrypted/);
  const part = letter('AAAA\r\n', {
    header: 'Content-Type: application/octet-stream; name="brief.pgp"\r\nContent-Transfer-Encoding: base64\r\n',
  });
  assert.match(replyOf(await strict.submit(part)), /^554 5\.7\.1 .* is encrypted/);
});

test('what the gateway opens is scanned before it is filed', async (t) => {
  const s = await scanning(t, STRICT);
  const clean = passed(await s.submit(await signedAndSealed(PLAIN), [BOB]));
  assert.equal(copyFor(clean, BOB).protection, 'smime opened whole');
  assert.equal(clean.audit.find(({ event }) => event === 'smime.opened')?.facts?.scan, 'clean');
  assert.match(s.given.at(-1)?.toString('latin1') ?? '', /\r\n\r\nthe text\r\n/);
  for (const content of [await signedAndSealed(ATTACHED), await sealed(ATTACHED, 'aes-256-gcm')]) {
    const reply = replyOf(await s.submit(content, [BOB]));
    assert.match(reply, /^554 5\.7\.1 The message holds malware \(Eicar-Test\)/);
  }
  const rows = (await s.store.audit.read({ limit: 100 })).filter(({ event }) => event === 'scan.found');
  assert.deepEqual(
    rows.map(({ facts }) => facts?.where),
    ['opened', 'opened'],
  );
});

test('of what may have been changed on its way the sender learns nothing: the addressee gets it unopened, with the reason in the trail', async (t) => {
  const s = await scanning(t, STRICT);
  const content = await sealed(ATTACHED);
  const outcome = passed(await s.submit(content, [BOB]));
  assert.deepEqual(outcome.notes, []);
  const copy = copyFor(outcome, BOB);
  assert.equal(copy.protection, 'smime opened failed');
  const text = (await contentOf(copy)).toString('latin1');
  assert.doesNotMatch(text, new RegExp(EICAR.toString('base64').slice(0, 40).replace(/[+/]/g, '\\$&')));
  assert.deepEqual(
    outcome.audit.find(({ event }) => event === 'smime.opened')?.facts?.why,
    'it holds malware (Eicar-Test)',
  );
  // As of one that cannot be opened at all.
  s.keys.held.set(BOB, []);
  const other = passed(await s.submit(content, [BOB]));
  assert.deepEqual([other.notes, copyFor(other, BOB).protection], [[], 'smime opened failed']);
});

test('a scanner that fails over what was opened is told of only where the sender wrote all of it', async (t) => {
  const s = await scanning(t, STRICT);
  const clean: Verdict = { kind: 'clean' };
  s.says.push(clean, AWAY);
  assert.match(replyOf(await s.submit(await signedAndSealed(PLAIN), [BOB])), /^451 4\.7\.1 /);
  s.says.push(clean, AWAY);
  const unproven = passed(await s.submit(await sealed(PLAIN), [BOB]));
  assert.equal(copyFor(unproven, BOB).protection, 'smime opened failed');
  s.says.push(clean, LARGE);
  const large = passed(await s.submit(await signedAndSealed(PLAIN), [BOB]));
  assert.equal(copyFor(large, BOB).protection, 'smime opened failed');
  const lenient = await scanning(t, LENIENT);
  lenient.says.push(clean, LARGE);
  const marked = passed(await lenient.submit(await signedAndSealed(PLAIN), [BOB]));
  assert.equal(copyFor(marked, BOB).protection, 'smime opened whole');
  assert.equal(marked.audit.find(({ event }) => event === 'smime.opened')?.facts?.scan, 'too-large');
});

test('ArmourWatch finds PGP in text wherever it is cut, and changes no octet', async () => {
  const text = Buffer.from('Dear\r\n-----BEGIN PGP MESSAGE-----\r\nxx');
  for (const piece of [1, 3, 10, 26, 27, 100]) {
    const watch = new ArmourWatch();
    const slices = async function* (): AsyncGenerator<Uint8Array, void, void> {
      for (let at = 0; at < text.length; at += piece) yield text.subarray(at, at + piece);
    };
    assert.ok((await collect(watch.of(slices()))).equals(text));
    assert.ok(watch.found, `in pieces of ${piece}`);
  }
  const other = new ArmourWatch();
  await collect(other.of(sourceOf(Buffer.from('-----BEGIN PGP PUBLIC KEY BLOCK-----')).slices()));
  assert.ok(!other.found);
});

const SENDER = 'p256@praktijk.example';
/** Whoever submits, with what is set at its account. */
async function senderWith(s: Scanning, until: number | null): Promise<Pick<Submitted, 'submitter'>> {
  await s.store.registry.changeScanExemption(SENDER, until, { name: 'jan, approved by piet' });
  const { account, organisation } = (await s.store.registry.findLogin(SENDER))!;
  return { submitter: { account, organisation } };
}

test('what an exempt account submits passes unscanned and is marked, until the exemption ends by itself or by hand', async (t) => {
  const s = await scanning(t, STRICT);
  const refused = /^554 5\.7\.1 The message holds malware/;
  assert.match(replyOf(await s.submit(ATTACHED)), refused);
  const before = s.given.length;
  const outcome = passed(await s.submit(ATTACHED, [CAROL], await senderWith(s, 0)));
  assert.deepEqual(outcome.facts, { scan: 'exempt' });
  assert.deepEqual(
    outcome.audit.map(({ event, facts }) => [event, facts]),
    [['scan.marked', { mark: 'exempt', why: 'not scanned: exempt' }]],
  );
  assert.deepEqual([s.given.length - before, s.exempted()], [0, 1], 'the scanner was not asked, and it is counted');
  const ends = instant(s.clock.now() + 60_000);
  const limited = await senderWith(s, ends);
  assert.equal(replyOf(await s.submit(ATTACHED, [CAROL], { ...limited, receivedAt: instant(ends - 1) })), 'passed');
  assert.match(replyOf(await s.submit(ATTACHED, [CAROL], { ...limited, receivedAt: ends })), refused);
  assert.match(replyOf(await s.submit(ATTACHED, [CAROL], await senderWith(s, null))), refused);
});

test('of what an exempt account submits, what is opened for an addressee is not scanned either', async (t) => {
  const s = await scanning(t, STRICT);
  const content = await signedAndSealed(ATTACHED);
  assert.match(replyOf(await s.submit(content, [BOB])), /^554 5\.7\.1 The message holds malware/);
  const outcome = passed(await s.submit(content, [BOB], await senderWith(s, 0)));
  const { scan: fact, unscanned } = outcome.audit.find(({ event }) => event === 'smime.opened')?.facts ?? {};
  assert.deepEqual([fact, unscanned], ['exempt', 'not scanned: exempt']);
});
