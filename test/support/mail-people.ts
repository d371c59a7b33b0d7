/**
 * Certificates for mail of accounts in a test gateway, from an authority that the gateway's
 * configuration trusts.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordOf } from '../../src/ca/issue.ts';
import { type Authority, issue, makeKeyPair, makeRoot } from '../../src/crypto/certificates/authority.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import type { MailKeySeals } from '../../src/crypto/keys/mail-key-seals.ts';
import { encodePem } from '../../src/crypto/certificates/pem.ts';
import { days, instant } from '../../src/domain/units.ts';
import type { Store } from '../../src/store/port/store.ts';
import type { Person } from '../crypto/cms/support.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, startTestGateway } from './gateway.ts';
import { address } from './store.ts';

const actor = { name: 'test' };

export interface Given {
  /** The gateway holds the private key too. */
  readonly keep?: boolean;
  readonly kind?: 'p256' | 'rsa2048';
  /** Days from now until it ends. */
  readonly to?: number;
  readonly email?: string;
  /** Login of the account that owns it. Default: the login of `name`. */
  readonly login?: string;
}

export interface MailGateway extends TestGateway {
  /** The authority in PEM. */
  readonly mailRoot: string;
  /** Makes and registers a certificate for the account. The test gets its private key. */
  give(name: string, given?: Given): Promise<Person>;
  set(name: string, settings: Readonly<Record<string, string | number | boolean>>): Promise<void>;
}

let authority: Promise<Authority> | undefined;
const root = (): Promise<Authority> =>
  (authority ??= makeKeyPair('p256').then((keys) =>
    makeRoot(
      { subject: makeName({ commonName: 'Mail Root' }), keys, lifetime: days(900) },
      { now: instant(Date.now() - days(10)), random: randomBytes },
    ),
  ));

/** PEM for `smime.authorities`. */
export const mailRoot = async (): Promise<string> => encodePem('CERTIFICATE', (await root()).certificate.der);

export interface Registering {
  readonly store: Pick<Store, 'certificates'>;
  readonly seals: MailKeySeals;
}

/** A person with a certificate of the authority that is not yet registered anywhere. */
export async function makeMailPerson(
  login: string,
  email: string,
  { kind = 'p256', to = 300 }: Given = {},
): Promise<Person> {
  const keys = await makeKeyPair(kind);
  const certificate = await issue(
    await root(),
    {
      ...{ use: 'mail', subject: makeName({ commonName: login }), publicKey: keys.publicKey, emails: [email] },
      notAfter: instant(Date.now() + days(to)),
    },
    { now: instant(Date.now() - days(2)), random: randomBytes },
  );
  return {
    name: login,
    address: address(email),
    certificate,
    privateKey: keys.privateKey,
    certificatePem: encodePem('CERTIFICATE', certificate.der),
    keyPem: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}

/** Registers a person's certificate for an account, with its key if the gateway is to hold that. */
export async function addMailPerson(
  { store, seals }: Registering,
  login: string,
  { certificate, privateKey }: Person,
  keep = false,
): Promise<void> {
  const sealed = keep ? { sealedKey: await seals.seal(certificate.fingerprint, privateKey) } : {};
  const record = { ...recordOf(certificate, 'mail', undefined), ...sealed };
  await store.certificates.addCertificate(login, record, 'imported', actor);
}

/**
 * Makes and registers a certificate for an account, with its key if the gateway is to hold that.
 */
export async function registerMail(
  into: Registering,
  login: string,
  email: string,
  given: Given = {},
): Promise<Person> {
  const person = await makeMailPerson(login, email, given);
  await addMailPerson(into, login, person, given.keep);
  return person;
}

/** Starts a gateway that has its own signing key. */
export async function startMailGateway(options: TestGatewayOptions): Promise<MailGateway> {
  const pem = await mailRoot();
  const gateway = await startTestGateway({
    ...options,
    configuration: `${options.configuration ?? ''}\n[smime]\nauthorities = ["mail-ca.pem"]\n`,
    prepare: (folder) => writeFileSync(join(folder, 'mail-ca.pem'), pem),
  });
  const { registry } = gateway.store;
  const into = { store: gateway.store, seals: gateway.admin.mail.seals };
  await registerMail(into, 'postmaster', 'postmaster@mail.test', { keep: true });
  return {
    ...gateway,
    mailRoot: pem,
    give: (name, given = {}) =>
      registerMail(into, given.login ?? addressOf(name), given.email ?? addressOf(name), given),
    set: (name, settings) =>
      registry.changeSettings({ scope: 'account', login: addressOf(name) }, { ...settings }, actor),
  };
}
