/**
 * What was opened for its addressee gives nothing to anybody else: a gateway is no oracle for
 * ciphertext that somebody replays.
 *
 * Three gateways differ in nothing but this: the first can open the ciphertexts, the second holds
 * other keys, the third can open others of the same length with other content inside. One account
 * sends the same variants to all three, and every reply and every notice must be the same, to the
 * octet, in the same order.
 */
import assert from 'node:assert/strict';
import { type TestContext, after, test } from 'node:test';
import { Pgp } from '../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../src/crypto/pgp/protocol.ts';
import { parseMessageId } from '../src/domain/ids.ts';
import { days, hours } from '../src/domain/units.ts';
import type { Person } from './crypto/cms/support.ts';
import { makeKey, secretOf } from './crypto/pgp/support.ts';
import { registered } from './protection/pgp-support.ts';
import { testCertificates } from './support/certificates.ts';
import { FakeClock } from './support/clock.ts';
import { effort } from './support/effort.ts';
import { addressOf, loginOf } from './support/gateway.ts';
import { fetchAll } from './support/mail.ts';
import { type MailGateway, addMailPerson, makeMailPerson, startMailGateway } from './support/mail-people.ts';
import { type PartnerStep, ScriptedPartner } from './support/partner.ts';
import { addTestPartner } from './support/push.ts';
import { type Correspondents, FORMS, type Form, type Secret, sealedLetter } from './support/sealed-letters.ts';
import { seeded } from './support/seeded.ts';
import { SmtpClient } from './support/smtp-client.ts';
import { address } from './support/store.ts';
import { until } from './support/until.ts';

const SEED = 20_261_127;
const VARIANTS = effort(16, 200);
/** Variants between two looks into the mailboxes. */
const BATCH = 8;
const actor = { name: 'test' };
const pgp = new Pgp();
after(() => pgp.close());

/** Words that stand in no notice. */
const SECRETS: readonly [Secret, Secret] = [
  { subject: 'HIV-test positief', file: 'hiv-test-van-dirk.pdf', text: 'Mevrouw Zo\xe9 heeft het .\r\n'.repeat(40) },
  { subject: 'Schoenen besteld ', file: 'de-factuur-maat38.pdf', text: 'De doos komt dinsdag op\r\n'.repeat(40) },
];

const WARD = 'ward@hospital.test';
/**
 * Whose keys the gateways hold: two mailboxes and an address of a partner. Corine's mail comes into
 * the mailbox of Cor, without a key.
 */
const READERS = [
  ['cor', addressOf('cor'), addressOf('cor')],
  ['dirk', addressOf('dirk'), addressOf('dirk')],
  ['ward', WARD, 'mta-hospital'],
] as const;
const TO = {
  cor: addressOf('cor'),
  corine: addressOf('corine'),
  dirk: addressOf('dirk'),
  dora: addressOf('dora'),
  ward: WARD,
} as const;
type To = keyof typeof TO;

// --- what the partner does

interface Mode {
  readonly extensions: readonly string[];
  readonly act: (step: PartnerStep, content: string) => string | undefined;
}

const ALL = ['SIZE 50000000', '8BITMIME', 'SMTPUTF8', 'DSN', 'ENHANCEDSTATUSCODES'];
const subjectIn = (content: string): string => /^Subject: (.*)\r$/m.exec(content)?.[1] ?? '';
const BUSY = 'is busy, and quotes the content';
const MODES: Readonly<Record<string, Mode>> = {
  takes: { extensions: ALL, act: () => undefined },
  'takes without DSN, and tells the size': {
    extensions: ALL.filter((word) => word !== 'DSN'),
    act: (step, content) => (step === 'message' ? `250 2.0.0 ok ${content.length} octets` : undefined),
  },
  'refuses the recipient': { extensions: ALL, act: (step) => (step === 'RCPT' ? '550 5.1.1 nobody' : undefined) },
  'refuses the content, and quotes it': {
    extensions: ALL,
    act: (step, content) => (step === 'message' ? `554 5.7.1 not wanted: "${subjectIn(content)}"` : undefined),
  },
  [BUSY]: {
    extensions: ALL,
    act: (step, content) => (step === 'message' ? `451 4.7.1 later: "${subjectIn(content)}"` : undefined),
  },
  'takes little': { extensions: [...ALL.slice(1), 'SIZE 2000'], act: () => undefined },
  'takes 7 bits': { extensions: ALL.filter((word) => word !== '8BITMIME'), act: () => undefined },
};
type ModeName = keyof typeof MODES;

// --- a gateway

interface World {
  readonly gateway: MailGateway;
  readonly clock: FakeClock;
  readonly bodies: ReadonlyMap<Form, Buffer>;
  setMode(mode: Mode): void;
  /** Deliveries that one attempt has ended or put off. */
  attempts(): number;
  /** Over when the gateway has noted what was fetched. */
  fetch(who: string, how?: 'delete' | 'drop'): Promise<string[]>;
}

interface Held {
  readonly people: readonly Person[];
  readonly keys: readonly PgpKey[];
}

const makeHeld = async (): Promise<Held> => ({
  people: await Promise.all(READERS.map(([, email, login]) => makeMailPerson(login, email, { kind: 'rsa2048' }))),
  keys: await Promise.all(READERS.map(([name]) => makeKey(pgp, name))),
});

async function openWorld(
  t: TestContext,
  { people, keys }: Held,
  bodies: ReadonlyMap<Form, Buffer>,
  start: number,
): Promise<World> {
  const clock = new FakeClock(start);
  const gateway = await startMailGateway({ accounts: ['anna', 'cor', 'dirk', 'dora', 'carl'], clock });
  t.after(() => gateway.remove());
  let mode: Mode = MODES.takes!;
  const certificates = await testCertificates();
  const partner = await ScriptedPartner.start({
    ...certificates.server,
    tls: 'starttls',
    get extensions() {
      return mode.extensions;
    },
    act: (step, _, __, content) => mode.act(step, content?.toString('latin1') ?? ''),
  });
  t.after(() => partner.stop());
  const { registry } = gateway.store;
  await addTestPartner(gateway.store, 'hospital', {
    ...{ host: '127.0.0.1', port: partner.port, tls: 'starttls', connections: 1 },
    authorities: certificates.ca.certificate,
  });
  await registry.addAddress('mta-hospital', address(WARD), actor);
  await registry.addAddress(addressOf('cor'), addressOf('corine'), actor);
  await registry.changeSettings({ scope: 'account', login: 'mta-hospital' }, { open: true }, actor);
  for (const name of ['cor', 'dirk']) await gateway.set(name, { open: true });
  await registry.changeSettings(
    { scope: 'organisation', name: 'group' },
    { rhythm: 0, 'tell-sender-after': 0, 'keep-uncollected': 400 },
    actor,
  );
  for (const [i, [, email, login]] of READERS.entries()) {
    await addMailPerson({ store: gateway.store, seals: gateway.admin.mail.seals }, login, people[i]!, true);
    const key = keys[i]!;
    const sealedKey = await gateway.admin.mail.pgp.seals.seal(key.fingerprint, secretOf(key));
    await gateway.store.pgpKeys.add(login, { ...registered(key, { emails: [email] }), sealedKey }, 'imported', actor);
  }
  const pop3s = gateway.target('pop3s');
  let sessions = 0;
  const ended = counter(gateway, /^pop3\.ended$/);
  return {
    gateway,
    clock,
    bodies,
    fetch: async (who, how = 'delete') => {
      const fetched = await fetchAll(pop3s, loginOf(who), how);
      sessions += 1;
      await until('the sessions have ended', () => ended() >= sessions);
      return fetched;
    },
    setMode: (to) => (mode = to),
    attempts: counter(gateway, /^delivery\.(?:relayed|failed|deferred|delayed)$/),
  };
}

// --- a variant

interface Variant {
  readonly n: number;
  readonly form: Form;
  readonly to: readonly To[];
  readonly mail: string;
  readonly rcpt: string;
  readonly receipt: boolean;
  readonly mode: ModeName;
  readonly again: boolean;
  readonly ending: 'delete' | 'drop';
}

function variantsOf(): Variant[] {
  const random = seeded(SEED);
  const named: readonly (readonly To[])[] = [
    ...([['cor'], ['dirk'], ['ward'], ['ward'], ['cor', 'dora'], ['ward', 'cor'], ['corine', 'cor']] as const),
    ['dora', 'ward', 'dirk', 'corine', 'cor'],
  ];
  const modes = Object.keys(MODES);
  return Array.from({ length: VARIANTS }, (_, n) => ({
    n,
    form: FORMS[n % FORMS.length]!,
    to: random.pick(named),
    mail: random.pick(['', ' RET=FULL', ' RET=FULL ENVID=e1', ' RET=HDRS', ' BODY=8BITMIME RET=FULL']),
    rcpt: random.pick(['', '', ' NOTIFY=SUCCESS,FAILURE,DELAY', ' NOTIFY=FAILURE', ' NOTIFY=SUCCESS', ' NOTIFY=NEVER']),
    receipt: random.below(2) === 0,
    // Days pass with a busy partner, and no session lives so long: the last of its batch.
    mode: n % BATCH === BATCH - 1 ? BUSY : random.pick(modes.filter((mode) => mode !== BUSY)),
    again: random.below(4) === 0,
    ending: random.pick(['delete', 'delete', 'drop'] as const),
  }));
}

const contentOf = ({ n, receipt, form }: Variant, bodies: ReadonlyMap<Form, Buffer>): Buffer =>
  Buffer.concat([
    Buffer.from(
      `From: <${addressOf('anna')}>\r\nTo: <${addressOf('cor')}>\r\nSubject: ...\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n` +
        `Message-ID: <replay-${n}@group.test>\r\n${receipt ? 'Sluis-Receipt: collected\r\n' : ''}`,
    ),
    bodies.get(form)!,
  ]);

/** All replies of one submission. */
async function submit(client: SmtpClient, variant: Variant, content: Buffer): Promise<string[]> {
  const replies: string[] = [];
  const say = async (line: string): Promise<void> => {
    client.wire.send(`${line}\r\n`);
    replies.push(await client.reply());
  };
  await say(`MAIL FROM:<${addressOf('anna')}>${variant.mail}`);
  for (const to of variant.to) await say(`RCPT TO:<${TO[to]}>${variant.rcpt}`);
  await say('DATA');
  client.wire.send(content.toString('latin1').replace(/^\./gm, '..'));
  await say('.');
  return replies;
}

/**
 * Names what is random or was submitted: ids, boundaries, the hashes of the sender's own octets.
 * Everything keeps its length.
 */
async function masked({ gateway: { store } }: World, text: string): Promise<string> {
  let plain = text;
  for (const id of new Set(plain.match(/\b[0-7][0-9a-hjkmnp-tv-z]{12}\b/g) ?? [])) {
    const record = await store.deliveries.findMessage(parseMessageId(id)!);
    if (record !== undefined && record.copyOf === undefined) {
      plain = plain.replaceAll(record.sha256, '(whole)'.padEnd(64));
      for (const leaf of (await store.messageParts(record.id))?.leaves ?? [])
        plain = plain.replaceAll(leaf.sha256, `(part ${leaf.path})`.padEnd(64));
    }
    plain = plain.replaceAll(id, '(id)'.padEnd(13));
  }
  return plain.replace(/(?<=\(id\) {9}-)[0-9a-f]{30}/g, '(boundary)'.padEnd(30)).replace(/127\.0\.0\.1:\d+/g, '(port)');
}

interface Told {
  readonly octets: number;
  readonly text: string;
}

const mailOf = async (world: World): Promise<Told[]> => {
  const found: Told[] = [];
  for (const text of await world.fetch('anna')) found.push({ octets: text.length, text: await masked(world, text) });
  return found;
};

// --- the tests

interface Region {
  readonly worlds: readonly World[];
  readonly together: <R>(run: (world: World, n: number) => Promise<R>) => Promise<R[]>;
}

interface Made {
  readonly held: Held;
  readonly otherKeys: Held;
  readonly bodies: ReadonlyMap<Form, Buffer>;
  readonly others: ReadonlyMap<Form, Buffer>;
}

async function make(): Promise<Made> {
  const held = await makeHeld();
  const author = await makeMailPerson(addressOf('carl'), addressOf('carl'), { kind: 'rsa2048' });
  const people: Correspondents = {
    ...{ author, authorKey: await makeKey(pgp, 'carl'), readers: held.people, readerKeys: held.keys, pgp },
  };
  const bodies = new Map<Form, Buffer>();
  const others = new Map<Form, Buffer>();
  for (const form of FORMS) {
    const body = await sealedLetter(form, SECRETS[0], people);
    bodies.set(form, body);
    others.set(form, form === 'pgp-compressed' ? body : await ofLength(body.length, form, people));
  }
  return { held, otherKeys: await makeHeld(), bodies, others };
}

/** Keys and letters, which cost more than the gateways: once for both tests. */
let made: Promise<Made> | undefined;

async function openRegion(t: TestContext): Promise<Region> {
  const { held, otherKeys, bodies, others } = await (made ??= make());
  const start = Math.floor(Date.now() / hours(24)) * hours(24) + hours(12);
  const worlds = [
    await openWorld(t, held, bodies, start),
    await openWorld(t, otherKeys, bodies, start),
    await openWorld(t, held, others, start),
  ];
  return { worlds, together: (run) => Promise.all(worlds.map(run)) };
}

/**
 * Signatures and session keys of PGP vary by an octet or two. What is compressed has a length of
 * its own.
 */
async function ofLength(octets: number, form: Form, people: Correspondents): Promise<Buffer> {
  for (let tries = 0; tries < 200; tries += 1) {
    const other = await sealedLetter(form, SECRETS[1], people);
    if (other.length === octets) return other;
  }
  throw new Error(`No letter of the form ${form} has ${octets} octets`);
}

/** All replies; what it caused at the partner has ended. */
async function sendVariant(world: World, client: SmtpClient, variant: Variant): Promise<string[]> {
  const what = JSON.stringify(variant);
  const ward = variant.to.includes('ward');
  const content = contentOf(variant, world.bodies);
  const replies: string[] = [];
  world.setMode(MODES[variant.mode]!);
  for (let sent = 0; sent < (variant.again ? 2 : 1); sent += 1) {
    const before = world.attempts();
    replies.push(...(await submit(client, variant, content)));
    if (ward && !replies.at(-1)!.includes('already'))
      await until(`${what} is attempted`, () => world.attempts() > before);
  }
  // What a busy partner put off is told of as delayed, then given up.
  for (const time of ward && variant.mode === BUSY ? [hours(4), days(5)] : []) {
    const before = world.attempts();
    pass(world.clock, time);
    await until(`${what} is attempted again`, () => world.attempts() > before);
  }
  return replies;
}

function same(what: string, [first, ...rest]: readonly unknown[]): void {
  assert.doesNotMatch(JSON.stringify(first), /HIV|hiv|Mevrouw|Schoenen|factuur|doos/, what);
  for (const other of rest) assert.deepEqual(other, first, what);
}

const opensSeen = (fetched: readonly string[]): number =>
  fetched.filter((text) => /^Sluis-Opened: (?:whole|unproven)/m.test(text)).length;

test(`notices, receipts and replies are the same whether and what a gateway opens: ${VARIANTS} variants, seed ${SEED}`, async (t) => {
  const { worlds, together } = await openRegion(t);
  const login = ({ gateway }: World): Promise<SmtpClient> =>
    SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  let clients = await together(login);
  const seen = { opened: 0, unopened: 0, notices: 0 };
  const variants = variantsOf();
  for (let at = 0; at < variants.length; at += BATCH) {
    const batch = variants.slice(at, at + BATCH);
    const told = await together(async (world, n) => {
      const replies: string[] = [];
      for (const variant of batch) replies.push(...(await sendVariant(world, clients[n]!, variant)));
      const { ending } = batch[0]!;
      const fetched = await world.fetch('cor', ending);
      if (ending === 'drop') fetched.push(...(await world.fetch('cor')));
      if (n === 0) seen.opened += opensSeen(fetched);
      if (n === 1) seen.unopened += fetched.length - opensSeen(fetched);
      return { replies: await Promise.all(replies.map((reply) => masked(world, reply))), mail: await mailOf(world) };
    });
    same(batch.map((variant) => JSON.stringify(variant)).join('\n'), told);
    seen.notices += told[0]!.mail.length;
    // Days may have passed.
    clients = await together(login);
  }
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.opened > VARIANTS / 4 && seen.unopened > VARIANTS / 4 && seen.notices > VARIANTS / 2);
  assert.equal(worlds.length, 3);
});

test(`what is never fetched is told of in the same words, and ends in the same words`, async (t) => {
  const { together } = await openRegion(t);
  const rest = FORMS.map((form, n): Variant => ({
    ...{ n, form, to: ['dirk'], mail: ' RET=FULL', rcpt: '', receipt: true, mode: 'takes', again: n % 2 === 0 },
    ending: 'delete',
  }));
  await together(async ({ gateway, bodies }) => {
    await gateway.set('dirk', { 'keep-uncollected': 14, 'tell-sender-after': 2 });
    const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
    for (const variant of rest) await submit(client, variant, contentOf(variant, bodies));
    await client.quit();
  });
  for (const [day, wanted] of [
    [7, 1],
    [8, FORMS.length],
  ] as const) {
    const told = await together(async (world) => {
      pass(world.clock, days(day));
      const found: Told[] = [];
      await until(`${wanted} letters`, async () => found.push(...(await mailOf(world))) >= wanted);
      return found.sort((a, b) => (a.text < b.text ? -1 : 1));
    });
    same(`after ${day} more days`, told);
    assert.equal(told[0]!.length, wanted);
  }
});

/** Without the timers of all the seconds between. */
function pass(clock: FakeClock, time: number): void {
  clock.setWall(clock.now() + time - hours(1));
  clock.advance(hours(1));
}

/** How often the log has an event whose name matches; each line is looked at once. */
function counter({ log }: MailGateway, wanted: RegExp): () => number {
  let [looked, found] = [0, 0];
  return () => {
    for (; looked < log.events.length; looked += 1) if (wanted.test(log.events[looked]!.event)) found += 1;
    return found;
  };
}
