/**
 * The surroundings of a soak: a gateway made by `sluis init`, hundreds of practices, laboratories
 * that log in with certificates, addressees of S/MIME and PGP, and a partner whose server defers
 * some of what it is sent.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import * as openpgp from 'openpgp';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { testCertificates } from '../../test/support/certificates.ts';
import { Instance, addressOf, freePort } from '../../test/support/instance.ts';
import { ScriptedPartner } from '../../test/support/partner.ts';
import type { WireTarget } from '../../test/support/wire.ts';
import { PASSWORD } from '../load.ts';

/** The partner defers one in so many messages, and one in so many recipients. */
const MESSAGE_PUT_OFF = 7;
const RECIPIENT_PUT_OFF = 11;

/** An addressee whose program opens what the gateway encrypted. */
export interface Reader {
  readonly name: string;
  open(content: Buffer, scratch: string): Promise<Buffer>;
}

export interface World {
  readonly instance: Instance;
  readonly metricsPort: number;
  readonly partner: ScriptedPartner;
  /** Accounts that log in with passwords, send and fetch. */
  readonly practices: readonly string[];
  /** Accounts that log in with certificates, each by a target that shows its own. */
  readonly laboratories: readonly { readonly name: string; readonly target: WireTarget }[];
  readonly readers: readonly Reader[];
  /** An address whose key the gateway holds: its mail to readers is signed. */
  readonly signer: string;
  remove(): Promise<void>;
}

const range = (prefix: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

const configuration = (metricsPort: number): string =>
  [
    `[auth]\nexempt-networks = ["127.0.0.1/32"]\n`,
    `[delivery]\nwaits = ["10s", "20s", "30s"]\n`,
    `[http]\nport = ${metricsPort}\n`,
  ].join('\n');

/** `practices`: number of accounts that poll. `under`: where the folder is made. */
export async function createWorld(practices: number, under?: string): Promise<World> {
  const metricsPort = await freePort();
  const instance = await Instance.create({
    configuration: configuration(metricsPort),
    ...(under === undefined ? {} : { under }),
  });
  const names = range('practice', practices);
  const laboratories = range('lab', 4);
  const readers = ['interop', 'strong', 'pgp'];
  instance.addAccounts([...names, ...laboratories, ...readers, 'signer', 'sender'], {
    hash: await hashPassword(PASSWORD),
  });
  const most = ['messages', 'recipients', 'unknown-recipients'].map((what) => `${what}-per-hour=1000000`);
  instance.sluis('organisation', 'set', 'ledger', ...most, 'keep-deleted=0');
  const { server, ca } = await testCertificates();
  const partner = await ScriptedPartner.start({ ...server, tls: 'starttls', act: putOff });
  instance.addPartner('hospital', partner.port, ca.certificate);
  instance.sluis('ca', 'init', '--name', 'Soak');
  instance.sluis('cert', 'issue', '--account', 'signer', ...mailKey(instance, 'signer'), '--keep-key');
  return {
    ...{ instance, metricsPort, partner, practices: names, signer: 'signer' },
    laboratories: laboratories.map((name) => ({ name, target: certified(instance, name) })),
    readers: [smimeReader(instance, 'interop'), smimeReader(instance, 'strong'), await pgpReader(instance)],
    remove: async () => {
      await partner.stop();
      instance.remove();
    },
  };
}

function putOff(step: string, n: number): string | undefined {
  if (step === 'message' && n % MESSAGE_PUT_OFF === 0) return '451 4.3.0 not now';
  return step === 'RCPT' && n % RECIPIENT_PUT_OFF === 0 ? '450 4.2.0 not now' : undefined;
}

const p12 = (instance: Instance, name: string): string => join(instance.folder, `${name}.p12`);
const passphrase = (instance: Instance, name: string): string => join(instance.folder, `${name}.pass`);
const newKey = (instance: Instance, name: string): readonly string[] => [
  ...['--key', 'p256', '--out', p12(instance, name), '--password-out', passphrase(instance, name)],
];
const mailKey = (instance: Instance, name: string): readonly string[] => ['--for', 'mail', ...newKey(instance, name)];
const secretOf = (instance: Instance, name: string): string =>
  readFileSync(passphrase(instance, name), 'utf8').trimEnd();

/** A target of the listener with implicit TLS that shows the account's own certificate. */
function certified(instance: Instance, name: string): WireTarget {
  instance.sluis('cert', 'issue', '--account', name, '--for', 'login', ...newKey(instance, name));
  const context = createSecureContext({
    ca: readFileSync(instance.ca),
    pfx: readFileSync(p12(instance, name)),
    passphrase: secretOf(instance, name),
  });
  return { ...instance.target('submissions'), context };
}

function smimeReader(instance: Instance, name: 'interop' | 'strong'): Reader {
  instance.sluis('cert', 'issue', '--account', name, ...mailKey(instance, name));
  instance.sluis('account', 'set', name, 'encrypt=required', `protection-profile=${name}`);
  const pem = join(instance.folder, `${name}.pem`);
  const password = `pass:${secretOf(instance, name)}`;
  execFileSync('openssl', ['pkcs12', '-in', p12(instance, name), '-passin', password, '-nodes', '-out', pem]);
  return {
    name,
    open: async (content, scratch) => {
      const [closed, inner] = [join(scratch, `${name}.eml`), join(scratch, `${name}.inner`)];
      writeFileSync(closed, content);
      execFileSync('openssl', ['cms', '-decrypt', '-in', closed, '-recip', pem, '-inkey', pem, '-out', inner]);
      return execFileSync('openssl', ['cms', '-verify', '-noverify', '-in', inner], { stdio: 'pipe' });
    },
  };
}

async function pgpReader(instance: Instance): Promise<Reader> {
  const name = 'pgp';
  const { publicKey, privateKey } = await openpgp.generateKey({
    userIDs: [{ email: addressOf(name) }],
    format: 'armored',
  });
  const file = join(instance.folder, 'pgp.asc');
  writeFileSync(file, publicKey);
  instance.sluis('pgp', 'key', 'import', file, '--account', name);
  instance.sluis('account', 'set', name, 'encrypt=required', 'protection-by=pgp');
  const decryptionKeys = await openpgp.readPrivateKey({ armoredKey: privateKey });
  return {
    name,
    open: async (content) => {
      const [armoredMessage] = /-----BEGIN PGP MESSAGE-----[^]*-----END PGP MESSAGE-----/.exec(
        content.toString('latin1'),
      ) ?? [''];
      const message = await openpgp.readMessage({ armoredMessage });
      const { data } = await openpgp.decrypt({ message, decryptionKeys, format: 'binary' });
      return Buffer.from(data);
    },
  };
}
