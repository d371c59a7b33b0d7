/**
 * Keys of certificates, as commands make and write them. A private key is made here, in the
 * operator's process, and goes straight into a PKCS #12 file. The gateway only sees a request, and
 * answers with a certificate.
 */
import { readFileSync } from 'node:fs';
import type { IssuedView } from '../admin/cert-views.ts';
import { choice } from '../commands/core/kind.ts';
import { file } from '../commands/core/files.ts';
import { type Values, flag, old, opt } from '../commands/core/params.ts';
import { makeKeyPair } from '../crypto/certificates/authority.ts';
import { type Certificate, readCertificate } from '../crypto/certificates/certificate.ts';
import { makeCertificateRequest, requestText } from '../crypto/certificates/certificate-request.ts';
import { makeName } from '../crypto/certificates/distinguished-name.ts';
import { encodePem } from '../crypto/certificates/pem.ts';
import { makePkcs12 } from '../crypto/key-files/pkcs12-export.ts';
import { type KeyObject, randomBytes } from 'node:crypto';
import { defined } from '../domain/defined.ts';
import { CommandError } from './exit.ts';
import { newFile, withFiles } from './new-file.ts';
import { readableDay } from './output.ts';
import { type Secret, readSecret } from './secret.ts';
import type { Terminal } from './terminal.ts';

export interface FilePasswordOptions {
  readonly passwordFile?: string | undefined;
  readonly passwordOut?: string | undefined;
}

/** The password of a PKCS #12 file. It is never an argument. */
export const FILE_PASSWORD = {
  passwordFile: opt(file, 'first line of this file is the password; - for standard input; else a prompt'),
  passwordOut: opt(file, 'generate a password and write it to this new file, mode 0600'),
};

export const twoPasswords = ({ passwordFile, passwordOut }: FilePasswordOptions): string | undefined =>
  passwordFile === undefined || passwordOut === undefined
    ? undefined
    : 'Cannot use --password-file with --password-out: it is one or the other';

export const readFilePassword = (terminal: Terminal, options: FilePasswordOptions): Promise<Secret> =>
  readSecret(terminal, {
    ...defined({ passwordFile: options.passwordFile }),
    ...(options.passwordOut === undefined ? {} : { generate: true, out: options.passwordOut }),
  });

export const NEW_KEY = {
  keepKey: flag('for mail: the gateway holds the new key, to sign and to open; --out writes it to a file as well'),
  csr: opt(file, 'certificate request of whoever has the key, PEM or DER; the certificate is PEM'),
  out: opt(file, 'new file: PKCS #12 with a new key, mode 0600; with --csr the certificate and its chain'),
  keyKind: old(
    opt(choice('kind', ['rsa2048', 'rsa3072', 'p256', 'p384']), 'kind of the new key; default: rsa3072', 'rsa3072'),
    'key',
  ),
  legacy: flag('PKCS #12 for old Windows: 3DES and SHA-1 instead of AES-256'),
  ...FILE_PASSWORD,
};
export type KeyOptions = Values<typeof NEW_KEY>;

export function keyProblem(options: KeyOptions): string | undefined {
  const { csr, out, keepKey } = options;
  if (csr !== undefined && keepKey) return 'Cannot use --keep-key with --csr: whoever made the request has the key';
  if (csr === undefined && out === undefined && !keepKey)
    return 'Cannot issue: give --out FILE.p12 for a new key, or --csr FILE for a request';
  return twoPasswords(options);
}

function readRequest({ input }: Terminal, path: string): string {
  try {
    const octets = path === '-' && input !== undefined ? Buffer.from(input) : readFileSync(path === '-' ? 0 : path);
    return requestText(octets);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `Cannot read "${path}": ${code ?? String(error)}; name a file that you may read`);
  }
}

const certificateOf = (pem: string): Certificate => {
  const read = readCertificate(pem);
  if (!read.ok) throw new Error(read.error.text);
  return read.value;
};

/** `key`: the private key in PEM, if the gateway is to hold it. */
type Issue = (request: string, key?: string) => Promise<IssuedView>;

/**
 * Calls `issue` for the given request, or for one with a new key, and writes what belongs in the
 * file.
 */
export async function deliver(terminal: Terminal, options: KeyOptions, issue: Issue): Promise<IssuedView> {
  const { csr, out: path, keepKey } = options;
  if (csr !== undefined) return await answerRequest(terminal, path, csr, issue);
  if (path === undefined) {
    const { request, key } = await newRequest(options);
    return await issue(request, key);
  }
  const out = newFile(path, 0o600);
  let secret: Secret | undefined;
  return await withFiles([out, { undo: () => secret?.undo() }], async () => {
    secret = await readFilePassword(terminal, options);
    const { privateKey, request, key } = await newRequest(options);
    const issued = await (keepKey ? issue(request, key) : issue(request));
    const made = await makePkcs12(privateKey, certificateOf(issued.pem), {
      password: secret.password,
      scheme: options.legacy ? 'legacy' : 'aes256',
      friendlyName: issued.account.slice(0, 200),
      chain: issued.chain.map(certificateOf),
      random: randomBytes,
    });
    out.write(made);
    return issued;
  });
}

async function newRequest({
  keyKind,
}: KeyOptions): Promise<{ readonly privateKey: KeyObject; readonly request: string; readonly key: string }> {
  const keys = await makeKeyPair(keyKind);
  const der = await makeCertificateRequest(keys, { subject: makeName({ commonName: 'request' }) });
  return {
    privateKey: keys.privateKey,
    request: encodePem('CERTIFICATE REQUEST', der),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

async function answerRequest(
  terminal: Terminal,
  path: string | undefined,
  csr: string,
  issue: Issue,
): Promise<IssuedView> {
  const request = readRequest(terminal, csr);
  const out = path === undefined ? undefined : newFile(path, 0o644);
  return await withFiles([out], async () => {
    const issued = await issue(request);
    out?.write(chainOf(issued));
    return issued;
  });
}

const chainOf = ({ pem, chain }: IssuedView): string => [pem, ...chain].join('');

/** What was issued and where it is, as text for people. */
export function deliveredText(issued: IssuedView, options: KeyOptions): string {
  const { serial, use, account, ends } = issued;
  return [
    `Issued certificate ${serial} for the ${use} of ${account}, valid until ${readableDay(ends)}.`,
    ...placeText(issued, options),
  ].join('\n');
}

function placeText(issued: IssuedView, { csr, out, keepKey, passwordOut, legacy }: KeyOptions): readonly string[] {
  if (csr !== undefined) return [out === undefined ? chainOf(issued).trimEnd() : `Certificate and chain: ${out}`];
  if (out === undefined) return ['The gateway holds its private key, sealed, and nobody else has it.'];
  const copies = keepKey ? 'The gateway holds the private key as well, sealed.' : 'No other copy of the key exists.';
  return [
    `Key and certificate: ${out} (PKCS #12). ${copies}`,
    ...(passwordOut === undefined
      ? []
      : [`Its password is in ${passwordOut}: hand it over by another way than the file, then delete both.`]),
    ...(legacy ? ['It is protected by 3DES: delete it as soon as it is imported.'] : []),
  ];
}
