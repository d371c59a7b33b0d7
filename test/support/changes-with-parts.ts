/**
 * Changes in the table of operations that need messages, keys, codes or files. Each prepares these,
 * and returns the input of the call.
 */
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { AdminError } from '../../src/admin/error.ts';
import type { AdminContext } from '../../src/admin/context.ts';
import { type OperationName, type OperationResult, runOperation } from '../../src/admin/operations.ts';
import { approvalStatement, signApproval } from '../../src/crypto/trail/approval.ts';
import { makeKeyPair } from '../../src/crypto/certificates/authority.ts';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { makeCertificateRequest } from '../../src/crypto/certificates/certificate-request.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import { fingerprintOf, spkiOf } from '../../src/crypto/trail/operator-key.ts';
import { days, instant } from '../../src/domain/units.ts';
import { framesOf } from '../../src/takeover/frames.ts';
import { makeClientAuthority } from './client-certificates.ts';
import { addPasskey } from './known-passkey.ts';
import { type TestGateway, addressOf, loginOf } from './gateway.ts';
import { fetchAll, send } from './mail.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

export interface WithParts {
  readonly input: Record<string, unknown>;
  readonly upload?: AsyncIterable<string>;
  /** The context of the call; without it, that of the running gateway. */
  readonly context?: AdminContext;
}

export type ChangeWithParts = readonly [OperationName, (scene: Scene) => Promise<WithParts>];

/** A gateway with `anna`, `bert` and `carl`. `kept` holds what one change leaves for the next. */
export class Scene {
  readonly gateway: TestGateway;
  readonly kept = new Map<string, string>();

  constructor(gateway: TestGateway) {
    this.gateway = gateway;
  }

  async run<N extends OperationName>(
    name: N,
    input: Record<string, unknown>,
    context: AdminContext = this.gateway.admin,
  ): Promise<OperationResult<N>> {
    const call = { actor: { name: 'setup', reason: 'setup' }, who: OWNER_SAID, progress: () => undefined };
    return await runOperation(name, context, input, { ...call, send: () => Promise.resolve() }, this.gateway.log);
  }

  async mail(to: string, from = 'anna'): Promise<string> {
    const content = `From: ${addressOf(from)}\r\nTo: ${to}\r\nSubject: x\r\n\r\nTekst.\r\n`;
    return await send(this.gateway.target('submission'), loginOf(from), { from: addressOf(from), to: [to], content });
  }

  async fetch(who: string): Promise<void> {
    await fetchAll(this.gateway.target('pop3s'), loginOf(who));
  }

  keep(name: string, value: string): string {
    this.kept.set(name, value);
    return value;
  }

  of(name: string): string {
    const value = this.kept.get(name);
    if (value === undefined) throw new Error(`No change before left "${name}"`);
    return value;
  }
}

const anna = addressOf('anna');
const bert = addressOf('bert');
/**
 * A reason in the input that differs from that of the call. The trail must have the one of the
 * call.
 */
const reason = 'of the input';
const given = (input: Record<string, unknown>): Promise<WithParts> => Promise.resolve({ input });

async function requestOf(commonName: string): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await makeKeyPair('p256');
  const request = await makeCertificateRequest(keys, { subject: makeName({ commonName }) });
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${request.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  return { request: pem, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** Queues a message for a partner that is suspended. */
async function waitingMail(scene: Scene): Promise<void> {
  if (!scene.kept.has('partner')) {
    scene.keep('partner', 'noord');
    await scene.run('partner.add', { name: 'noord', organisation: 'group', host: 'mx.noord.test' });
    await scene.run('partner.domain.add', { name: 'noord', domain: 'noord.test' });
    await scene.run('partner.suspend', { name: 'noord' });
  }
  await scene.mail('ward@noord.test');
}

async function* piecesOf(...pieces: string[]): AsyncGenerator<string> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

async function* octetsOf(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}

const PLAIN = `From: ${anna}\r\nTo: ${bert}\r\nSubject: x\r\n\r\nTekst.\r\n`;

const accounts: readonly ChangeWithParts[] = [
  [
    'account.certificate.add',
    async () => {
      const { leaf } = await (await makeClientAuthority('persons')).issue('anna');
      return { input: { login: anna, pem: certificatePem(leaf), name: 'laptop' } };
    },
  ],
  ['account.certificate.revoke', () => given({ login: anna, name: 'laptop' })],
  [
    'organisation.edi.import',
    () => Promise.resolve({ input: {}, upload: piecesOf('organisation,identity\ngroup,654321:14\n') }),
  ],
  [
    'account.enrol',
    async (scene) => {
      const { codes } = await scene.run('account.reset', { login: [addressOf('carl')], by: 'letter' });
      const [code] = /\b[a-z2-9]{4}(?:-[a-z2-9]{4}){5}\b/.exec(codes[0]?.letter ?? '') ?? [];
      return { input: { code, password: 'een lange zin 12' } };
    },
  ],
  [
    'account.move',
    async (scene) => {
      await scene.run('organisation.add', { name: 'west', title: 'West', contact: anna });
      const from = new Date(Date.now() - 86_400_000).toISOString();
      return { input: { login: addressOf('carl'), organisation: 'west', since: from } };
    },
  ],
];

const observed: ChangeWithParts = [
  'account.enforce',
  async (scene) => {
    const until = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);
    await scene.run('account.set', { name: anna, settings: [`observed-until=${until}`] });
    return { input: { early: true } };
  },
];

const messages: readonly ChangeWithParts[] = [
  [
    'mailbox.restore',
    async (scene) => {
      const since = new Date(Date.now() - 86_400_000).toISOString();
      scene.keep('fetched', await scene.mail(bert));
      await scene.fetch('bert');
      return { input: { login: bert, since, reason } };
    },
  ],
  [
    'mailbox.import',
    () => {
      const head = { uidl: 'a1', at: instant(Date.now() - days(1)), fetched: false, octets: PLAIN.length };
      return Promise.resolve({ input: { login: bert, total: 1 }, upload: framesOf(head, octetsOf(PLAIN)) });
    },
  ],
  ['mailbox.export', () => given({ login: bert, reason })],
  ['mailbox.set-aside', async (scene) => ({ input: { login: bert, message: await scene.mail(bert), reason } })],
  [
    'message.receipt',
    async (scene) => {
      await scene.run('account.set', { name: anna, settings: ['collected-receipts=always'] });
      const message = await scene.mail(bert);
      await scene.fetch('bert');
      return { input: { message, recipient: [] } };
    },
  ],
  ['message.withdraw', async (scene) => ({ input: { message: await scene.mail(bert), recipient: [], reason } })],
  ['trace.bundle', (scene) => given({ message: scene.of('fetched') })],
  [
    'message.erase',
    async (scene) => {
      await scene.fetch('bert');
      return { input: { message: scene.of('fetched'), reason } };
    },
  ],
  [
    'queue.hold',
    async (scene) => {
      await waitingMail(scene);
      return { input: { partner: scene.of('partner') } };
    },
  ],
  ['queue.release', (scene) => given({ partner: scene.of('partner') })],
  ['queue.retry', (scene) => given({ partner: scene.of('partner') })],
  ['queue.fail', (scene) => given({ partner: scene.of('partner'), reason })],
];

/** A webhook that is never called, because its address is not public. */
const itsId = async (scene: Scene): Promise<string | undefined> => (await scene.gateway.store.webhooks.list())[0]?.id;
const ofWebhook =
  (more: Record<string, unknown> = {}) =>
  async (scene: Scene): Promise<WithParts> => ({ input: { webhook: await itsId(scene), ...more } });
const webhooks: readonly ChangeWithParts[] = [
  ['webhook.add', () => given({ name: 'poort', url: 'https://127.0.0.1/', account: addressOf('anna') })],
  ['webhook.set', ofWebhook({ name: 'deur' })],
  ['webhook.pause', ofWebhook()],
  ['webhook.resume', ofWebhook()],
  ['webhook.rotate', ofWebhook()],
  ['webhook.end', ofWebhook()],
];

/** Changes of the people whose signatures count, and of what they sign. */
const people: readonly ChangeWithParts[] = [
  ['operator.add', () => given({ name: 'jan', 'public-key': publicPem() })],
  ['operator.set', () => given({ name: 'jan', role: 'support' })],
  ['operator.token.add', () => given({ name: 'jan', ends: new Date(Date.now() + 86_400_000).toISOString() })],
  [
    'operator.token.end',
    async (scene) => ({ input: { token: (await scene.gateway.store.operators.tokens())[0]?.id } }),
  ],
  ['operator.passkey.add', () => given({ name: 'jan' })],
  [
    'operator.session.end',
    async ({ gateway }) => {
      await addPasskey(gateway.store, 'jan', { passkey: 'PASSKEY2', session: 'SESSION2' });
      return { input: { session: 'SESSION2' } };
    },
  ],
  ['operator.passkey.end', () => given({ passkey: 'PASSKEY2' })],
  ['operator.break-glass.make', () => given({ role: 'support' })],
  ['operator.identity.add', () => given({ name: 'jan', issuer: 'https://login.test', subject: 's-1' })],
  ['operator.end', () => given({ name: 'jan' })],
  [
    'operator.identity.release',
    async ({ gateway }) => ({ input: { identity: (await gateway.store.identities.list())[0]?.id } }),
  ],
  [
    'approval.sign',
    async (scene) => {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const key = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      await scene.run('operator.add', { name: 'piet', 'public-key': key });
      await scene.run('operator.add', { name: 'klaas', 'public-key': publicPem() });
      const { admin } = scene.gateway;
      const asked = await scene.run('audit.erase', { person: 'nobody' }, { ...admin, secondPerson: ['erase'] }).then(
        () => undefined,
        (error: unknown) => (error instanceof AdminError ? error.request : undefined),
      );
      const request = await admin.store.operators.request(asked ?? '');
      if (request === undefined) throw new Error('No request was made');
      const at = instant(Date.now());
      const statement = approvalStatement(admin.partners.hostname, request, 'piet', at);
      const signature = signApproval(statement, privateKey).toString('base64');
      return { input: { id: request.id, fingerprint: fingerprintOf(spkiOf(publicKey)), at, signature } };
    },
  ],
];

const publicPem = (): string =>
  generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();

const backups: readonly ChangeWithParts[] = [
  [
    'scan.exempt.end',
    async ({ gateway }) => {
      await gateway.store.registry.changeScanExemption(anna, 0, { name: 'setup', reason: 'setup' });
      return { input: { login: anna } };
    },
  ],
  ['backup.take', (scene) => given({ folder: join(scene.gateway.folder, 'backups') })],
  [
    'drill.restore',
    async (scene) => ({
      input: { backup: (await scene.run('backup.take', { folder: join(scene.gateway.folder, 'more') })).path },
    }),
  ],
  [
    'key.escrow',
    async (scene) => {
      const fingerprint = scene.keep('master', await scene.gateway.admin.keys.fingerprint());
      return { input: { fingerprint, custodian: ['jan', 'piet'], needed: 2 } };
    },
  ],
  ['key.verified', (scene) => given({ fingerprint: scene.of('master'), set: scene.gateway.admin.keys.escrow()?.set })],
  [
    'key.rotate',
    (scene) => {
      const { gateway: _, ...context } = scene.gateway.admin;
      return Promise.resolve({ input: { fingerprint: scene.of('master') }, context });
    },
  ],
];

const certificates: readonly ChangeWithParts[] = [
  [
    'ca.renew-root',
    async (scene) => {
      await scene.run('ca.init', { name: 'Zorggroep', 'key-kind': 'p256' });
      return { input: { 'key-kind': 'p256' } };
    },
  ],
  [
    'ca.remove-root-key',
    async (scene) => {
      const password = 'een lange zin 12';
      const { pkcs12 } = await scene.run('ca.export-root', { 'root-password': password });
      return { input: { root: pkcs12, 'root-password': password } };
    },
  ],
  [
    'cert.issue',
    async (scene) => {
      const { request, key } = await requestOf('anna');
      scene.keep('key', key);
      return { input: { account: anna, use: 'mail', request } };
    },
  ],
  [
    'cert.key.add',
    async (scene) => {
      const all = await scene.run('cert.list', { account: anna });
      const serial = scene.keep('serial', all.find(({ use }) => use === 'mail')?.serial ?? '');
      return { input: { serial, key: scene.of('key') } };
    },
  ],
  ['cert.key.remove', (scene) => given({ serial: scene.of('serial') })],
  ['cert.renew', (scene) => given({ serial: scene.of('serial') })],
  [
    'cert.collect',
    async (scene) => {
      const { code } = await scene.run('cert.enrol', { account: bert, use: 'login' });
      return { input: { code, request: (await requestOf('bert')).request } };
    },
  ],
  ['cert.revoke', (scene) => given({ serial: scene.of('serial'), why: 'superseded' })],
  [
    'cert.import',
    async () => {
      const { leaf } = await (await makeClientAuthority('imported')).issue('bert');
      return { input: { account: bert, use: 'login', certificate: certificatePem(leaf) } };
    },
  ],
  ['smime.inspect', () => Promise.resolve({ input: {}, upload: piecesOf(PLAIN) })],
  ['pgp.inspect', () => Promise.resolve({ input: {}, upload: piecesOf(PLAIN) })],
  [
    'pgp.key.import',
    async (scene) => {
      const { thread } = scene.gateway.admin.mail.pgp;
      const job = { kind: 'make-key', type: 'curve25519', name: '', email: bert, seconds: 86_400 } as const;
      const made = await thread.run<'make-key'>(job);
      if (!made.ok || made.value.secret === undefined) throw new Error('No key was made');
      scene.keep('pgp', made.value.fingerprint);
      return { input: { address: bert, keep: true, packets: Buffer.from(made.value.secret.key).toString('base64') } };
    },
  ],
  ['pgp.key.export', (scene) => given({ fingerprint: scene.of('pgp'), secret: true })],
  ['pgp.key.remove', (scene) => given({ fingerprint: scene.of('pgp') })],
  ['pgp.key.revoke', (scene) => given({ fingerprint: scene.of('pgp'), why: 'lost' })],
];

const organisations: readonly ChangeWithParts[] = [
  [
    'organisation.merge',
    async (scene) => {
      await newPractice(scene, 'oost');
      return { input: { name: 'oost', into: 'group' } };
    },
  ],
  [
    'organisation.erase',
    async (scene) => {
      await newPractice(scene, 'leeg');
      await scene.mail('huis@leeg.test');
      await scene.run('account.suspend', { login: ['huis@leeg.test'] });
      return { input: { name: 'leeg', 'discard-mail': true } };
    },
  ],
];

async function newPractice(scene: Scene, name: string): Promise<void> {
  const login = `huis@${name}.test`;
  await scene.run('organisation.add', { name, title: name, contact: anna });
  await scene.run('account.add', { login, organisation: name, address: [login], password: 'een lange zin 12' });
}

export const CHANGES_WITH_PARTS: readonly ChangeWithParts[] = [
  ...accounts,
  observed,
  ...messages,
  ...people,
  ...webhooks,
  ...backups,
  ...certificates,
  ...organisations,
];
