/**
 * Interchanges that two operators have exempt from scanning: what the scanner is given of a
 * message, and what stands in the trail.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '../../src/domain/units.ts';
import { EdiCollector } from '../../src/edi/collector.ts';
import { Chain, type ChainOutcome } from '../../src/middleware/chain.ts';
import type { Submitted } from '../../src/middleware/middleware.ts';
import { leftOut, without } from '../../src/scan/exempt.ts';
import { scan } from '../../src/scan/step.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import { EICAR } from '../../src/scan/proof.ts';
import { collect } from '../crypto/cms/support.ts';
import type { Cleanup } from '../support/store.ts';
import { type Bench, bench, letter, passed, size } from '../protection/support.ts';

const SENDER = 'p256@praktijk.example';
const CAROL = 'carol@praktijk.example';
const PARTIES = { from: '500000001:14', to: '' };
/** Some of it in clear, and in base64 wherever it begins */
const NEEDLES = [
  'EICAR-STANDARD-ANTIVIRUS',
  ...[0, 1, 2].map((n) =>
    Buffer.concat([Buffer.alloc(n), EICAR.subarray(30, 54)])
      .toString('base64')
      .slice(4, 28),
  ),
];
const actor = { name: 'jan, approved by piet' };
const TEXT = EICAR.toString('latin1');

const edifact = (from = '500000001:14', to = '500000002:14', more = ''): string =>
  `UNB+UNOC:3+${from}+${to}+261124:1037+R1'UNH+1+MEDLAB:1'FTX+${TEXT.replaceAll('+', '?+')}'UNT+3+1'UNZ+1+R1'${more}`;
const part = (content: string, header = 'Content-Type: text/plain'): string => `--b\r\n${header}\r\n\r\n${content}\r\n`;
const BASE64 = 'Content-Type: application/octet-stream; name=uitslag.edi\r\nContent-Transfer-Encoding: base64';
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const mixed = (parts: readonly string[], preamble = ''): Buffer =>
  letter(`${preamble}${parts.join('')}--b--\r\n`, { header: 'Content-Type: multipart/mixed; boundary=b\r\n' });

interface World extends Bench {
  readonly given: Buffer[];
  exempted(): number;
  message(content: Buffer, more?: Partial<Submitted>): Promise<Submitted>;
  /**
   * With the parts and interchanges of its content, and the sender's account as it is registered
   * now.
   */
  submit(content: Buffer, more?: Partial<Submitted>): Promise<ChainOutcome>;
}

async function world(t: Cleanup): Promise<World> {
  const b = await bench(t);
  await b.register(CAROL);
  const given: Buffer[] = [];
  let exempted = 0;
  const step = scan({
    ...{ policy: { away: 'refuse', tooLarge: 'refuse', encrypted: 'refuse' }, keys: b.keys, audit: b.store.audit },
    ...{ log: b.log, maxContent: size(1_000_000) },
    scanner: {
      passedExempt: () => void (exempted += 1),
      scan: async ({ slices }) => {
        const content = await collect(slices());
        given.push(content);
        return NEEDLES.some((needle) => content.includes(needle))
          ? { kind: 'found', name: 'Eicar' }
          : { kind: 'clean' };
      },
    },
  });
  const message: World['message'] = async (content, more = {}) => {
    const edi = new EdiCollector();
    const walk = new MimeWalk(edi.observe);
    walk.write(content);
    const parts = walk.end();
    const interchanges = edi.interchanges(new Set(parts.leaves.map(({ path }) => path)));
    const { account, organisation } = (await b.store.registry.findLogin(SENDER))!;
    const known = { parts: { ...parts, interchanges }, submitter: { account, organisation } };
    return await b.submitted(content, [CAROL], { ...known, ...more });
  };
  return {
    ...{ ...b, given, message, exempted: () => exempted },
    submit: async (content, more) => await new Chain(b.store, [step]).run(await message(content, more)),
  };
}

const exempt = async ({ store, clock }: World, parties = PARTIES): Promise<void> =>
  await store.registry.changeEdiExemption(SENDER, parties, clock.now() + 60_000, actor);
const replyOf = (outcome: ChainOutcome): string => (outcome.kind === 'passed' ? 'passed' : outcome.refusal.status);

test('an exempt interchange passes unscanned and is marked; without the exemption, and after its end, it is refused', async (t) => {
  const w = await world(t);
  const content = mixed([part('de uitslag'), part(base64(edifact()), BASE64)]);
  assert.equal(replyOf(await w.submit(content)), '5.7.1');
  await exempt(w);
  const outcome = passed(await w.submit(content));
  assert.deepEqual(outcome.facts, { scan: 'exempt' });
  const told = { parts: '2', ediFrom: '500000001:14', ediTo: 'anybody' };
  assert.deepEqual(
    outcome.audit.map(({ event, facts }) => [event, facts]),
    [['scan.marked', { mark: 'exempt', why: 'not scanned: exempt', ...told }]],
  );
  assert.equal(w.exempted(), 1);
  const scanned = w.given.at(-1)!.toString('latin1');
  assert.match(scanned, /de uitslag/);
  assert.match(scanned, /name=uitslag\.edi/, 'the header of the part stays');
  assert.equal(scanned, content.toString('latin1').replace(/(base64\r\n\r\n)[^-]+\r\n--b--/, '$1--b--'));
  assert.equal(replyOf(await w.submit(content, { receivedAt: instant(w.clock.now() + 60_000) })), '5.7.1');
  await w.store.registry.changeEdiExemption(SENDER, PARTIES, null, actor);
  assert.equal(replyOf(await w.submit(content)), '5.7.1');
});

test('whatever else is in the message is scanned, beside the interchange, around it and in front of the first part', async (t) => {
  const w = await world(t);
  await exempt(w);
  const clean = part(base64(edifact()), BASE64);
  assert.equal(replyOf(await w.submit(mixed([clean]))), 'passed');
  for (const content of [
    mixed([clean, part(TEXT)]),
    mixed([part(base64(TEXT), BASE64), clean]),
    // The text in front of the first part has the path of that part.
    mixed([clean], `${edifact()}\r\n`),
    mixed([clean], `${TEXT}\r\n`),
    letter(edifact() + edifact('9', '9')),
  ])
    assert.equal(replyOf(await w.submit(content)), '5.7.1', content.toString('latin1'));
});

for (const [what, content] of [
  ['of another sender', letter(edifact('500000009:14'))],
  ['of another qualifier', letter(edifact('500000001:ZZ'))],
  ['with text behind it', letter(edifact('500000001:14', '500000002:14', `\r\n${TEXT}`))],
  ['with text in front of it', letter(`UNA${TEXT}\r\n${edifact()}`)],
  ['whose totals are wrong', letter(edifact().replace('UNT+3', 'UNT+4'))],
  ['with an interchange of somebody else behind it', letter(edifact() + edifact('500000009:14'))],
  [
    'in base64 that programs read differently',
    letter(`${base64(edifact())}\r\n==${base64('x')}`, { header: `${BASE64}\r\n` }),
  ],
  [
    'in a multipart that does not end',
    letter(part(edifact()), { header: 'Content-Type: multipart/mixed; boundary=b\r\n' }),
  ],
  [
    'in multiparts whose boundaries begin alike',
    mixed([`--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\n${edifact()}\r\n--bb--\r\n`]),
  ],
  ['with a file in its text', letter(`${edifact()}\r\nbegin 644 a\r\n#86)C\r\n\`\r\nend\r\n`)],
] as const)
  test(`an interchange ${what} is scanned`, async (t) => {
    const w = await world(t);
    await exempt(w);
    assert.equal(replyOf(await w.submit(letter(edifact()))), 'passed');
    assert.equal(replyOf(await w.submit(content)), '5.7.1');
  });

test('an exemption that names a recipient is for interchanges to it alone, and HL7 is known by facility and application', async (t) => {
  const w = await world(t);
  await exempt(w, { from: '500000001:14', to: '500000002' });
  assert.equal(replyOf(await w.submit(letter(edifact()))), 'passed');
  assert.equal(replyOf(await w.submit(letter(edifact('500000001:14', '500000003:14')))), '5.7.1');
  const oru = (facility: string): Buffer =>
    letter(`MSH|^~\\&|LABAPP|${facility}|GP|GPFAC|20261124||ORU^R01|C1|P|2.4\r\nOBX|1|ST|||${TEXT}\r\n`);
  assert.equal(replyOf(await w.submit(oru('LABFAC'))), '5.7.1');
  await exempt(w, { from: 'LABFAC:LABAPP', to: '' });
  assert.equal(replyOf(await w.submit(oru('LABFAC'))), 'passed');
  assert.equal(replyOf(await w.submit(oru('OTHER'))), '5.7.1');
});

test('the exemption is of one account: what another one submits under the same identity is scanned', async (t) => {
  const w = await world(t);
  await exempt(w);
  const { account, organisation } = (await w.store.registry.findLogin(CAROL))!;
  assert.equal(replyOf(await w.submit(letter(edifact()), { submitter: { account, organisation } })), '5.7.1');
});

test('a message of an account without exemptions, or without interchanges, is read once, for the scanner', async (t) => {
  const w = await world(t);
  const read = async (content: Buffer): Promise<number> => {
    const before = w.counts.read;
    await w.submit(content);
    return w.counts.read - before;
  };
  const plain = letter('the text\r\n');
  assert.deepEqual([await read(plain), await read(letter(edifact('1', '2')))], [1, 1]);
  await exempt(w);
  assert.deepEqual([await read(plain), await read(letter(edifact('1', '2')))], [1, 1]);
  assert.equal(await read(letter(edifact())), 2);
});

test('what is left out is the same wherever the message is cut, also in lines longer than any', async (t) => {
  const w = await world(t);
  await exempt(w);
  const long = edifact().replace('FTX+', `FTX+${'x'.repeat(10_000)}`);
  for (const content of [mixed([part('tekst'), part(long), part('slot')]), letter(long)]) {
    const left = (await leftOut(await w.message(content)))!;
    const cut = async (length: number): Promise<string> => {
      const slices = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < content.length; at += length) yield Promise.resolve(content.subarray(at, at + length));
      };
      return (await collect(without(await Promise.resolve(slices()), left.leaves))).toString('latin1');
    };
    const whole = await cut(content.length);
    assert.equal(whole, content.toString('latin1').replace(`${long}\r\n`, '').replace(long, ''));
    for (const length of [1, 7, 76, 1000]) assert.equal(await cut(length), whole, `cut by ${length}`);
  }
});

test('an account has at most 20 of them; those whose time is over make room', async (t) => {
  const w = await world(t);
  for (let n = 0; n < 20; n += 1) await exempt(w, { from: `50${n}`, to: '' });
  await assert.rejects(exempt(w, { from: '600', to: '' }), /has 20 exemptions of interchanges, and may have 20/);
  await exempt(w, { from: '500', to: '' });
  w.clock.advance(60_000);
  await exempt(w, { from: '600', to: '' });
  const { account } = (await w.store.registry.findLogin(SENDER))!;
  assert.match(String(account.settings['scan-exempt-edi']), /^\[\["600","",\d+\]\]$/);
});
