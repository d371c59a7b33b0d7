/**
 * Keys of certificates, as commands make and write them. A private key is made here, in the operator's process, and goes into a PKCS #12
 * file at once: the gateway sees a request and answers with a certificate.
 */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { IssuedView } from '../admin/cert-views.ts';
import { type KeyKind, makeKeyPair } from '../crypto/authority.ts';
import { type Certificate, readCertificate } from '../crypto/certificate.ts';
import { makeCertificateRequest } from '../crypto/certificate-request.ts';
import { makeName } from '../crypto/distinguished-name.ts';
import { encodePem } from '../crypto/pem.ts';
import { makePkcs12 } from '../crypto/pkcs12-export.ts';
import { type KeyObject, randomBytes } from 'node:crypto';
import { defined } from '../domain/defined.ts';
import { CommandError } from './exit.ts';
import { type NewFile, newFile, withFiles } from './new-file.ts';
import { type Secret, readSecret } from './secret.ts';
import type { Terminal } from './terminal.ts';

export interface FilePasswordOptions {
  readonly passwordFile?: string;
  readonly passwordOut?: string;
}

/** The password of a PKCS #12 file: never an argument. */
export const filePasswordOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--password-file <file>',
        'first line of this file is the password; - for standard input; else a prompt',
      ).conflicts('passwordOut'),
    )
    .option('--password-out <file>', 'make a password up and write it to this new file, mode 0600');

export const readFilePassword = (terminal: Terminal, options: FilePasswordOptions): Promise<Secret> =>
  readSecret(terminal, {
    ...defined({ passwordFile: options.passwordFile }),
    ...(options.passwordOut === undefined ? {} : { generate: true, out: options.passwordOut }),
  });

export interface KeyOptions extends FilePasswordOptions {
  readonly csr?: string;
  readonly out?: string;
  readonly key: KeyKind;
  readonly legacy?: boolean;
  /** The gateway holds the new key, beside the file or alone. */
  readonly keepKey?: boolean;
}

export const keyOptions = (command: Command): Command =>
  filePasswordOptions(
    command
      .option('--csr <file>', 'certificate request of whoever has the key; the certificate is PEM')
      .option('--out <file>', 'new file: PKCS #12 with a new key, mode 0600; with --csr the certificate and its chain')
      .addOption(
        new Option('--key <kind>', 'kind of the new key')
          .choices(['rsa2048', 'rsa3072', 'p256', 'p384'])
          .default('rsa3072'),
      )
      .option('--legacy', 'PKCS #12 for old Windows: 3DES and SHA-1 instead of AES-256'),
  );

function readRequest({ input }: Terminal, path: string): string {
  try {
    const octets = path === '-' && input !== undefined ? Buffer.from(input) : readFileSync(path === '-' ? 0 : path);
    return octets[0] === 0x30 ? encodePem('CERTIFICATE REQUEST', octets) : octets.toString('latin1');
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

export interface Delivered {
  readonly issued: IssuedView;
  /** What to tell the person besides. */
  readonly notes: readonly string[];
}

/** `key`: the private key, PEM, where the gateway is to hold it. */
type Issue = (request: string, key?: string) => Promise<IssuedView>;

/** Asks `issue` for a certificate, for the request given or for a new key, and writes what belongs in the file. */
export async function deliver(terminal: Terminal, options: KeyOptions, issue: Issue): Promise<Delivered> {
  if (options.csr !== undefined) return await answerRequest(terminal, options, options.csr, issue);
  if (options.out === undefined && options.keepKey === true) {
    const { request, key } = await newRequest(options);
    return { issued: await issue(request, key), notes: [HELD] };
  }
  if (options.out === undefined)
    throw new CommandError('usage', 'Cannot issue: give --out FILE.p12 for a new key, or --csr FILE for a request');
  const out = newFile(options.out, 0o600);
  let secret: Secret | undefined;
  return await withFiles([out, { undo: () => secret?.undo() }], async () => {
    secret = await readFilePassword(terminal, options);
    const { privateKey, request, key } = await newRequest(options);
    const issued = await (options.keepKey === true ? issue(request, key) : issue(request));
    const file = await makePkcs12(privateKey, certificateOf(issued.pem), {
      password: secret.password,
      scheme: options.legacy === true ? 'legacy' : 'aes256',
      friendlyName: issued.account.slice(0, 200),
      chain: issued.chain.map(certificateOf),
      random: randomBytes,
    });
    out.write(file);
    return { issued, notes: fileNotes(out, options) };
  });
}

const HELD = 'The gateway holds its private key, sealed, and nobody else has it.';

async function newRequest({
  key: kind,
}: KeyOptions): Promise<{ readonly privateKey: KeyObject; readonly request: string; readonly key: string }> {
  const keys = await makeKeyPair(kind);
  const der = await makeCertificateRequest(keys, { subject: makeName({ commonName: 'request' }) });
  return {
    privateKey: keys.privateKey,
    request: encodePem('CERTIFICATE REQUEST', der),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function fileNotes({ path }: NewFile, { passwordOut, legacy, keepKey }: KeyOptions): string[] {
  const weak = legacy === true ? ['It is protected by 3DES: delete it as soon as it is imported.'] : [];
  const password =
    passwordOut === undefined
      ? []
      : [`Its password is in ${passwordOut}: hand it over on another way than the file, then delete both.`];
  const copies =
    keepKey === true ? 'The gateway holds the private key as well, sealed.' : 'No other copy of the key exists.';
  return [`Key and certificate: ${path} (PKCS #12). ${copies}`, ...password, ...weak];
}

async function answerRequest(
  terminal: Terminal,
  { out: path, keepKey }: KeyOptions,
  csr: string,
  issue: Issue,
): Promise<Delivered> {
  if (keepKey === true)
    throw new CommandError('usage', 'Cannot use --keep-key with --csr: whoever made the request has the key');
  const request = readRequest(terminal, csr);
  const out = path === undefined ? undefined : newFile(path, 0o644);
  return await withFiles([out], async () => {
    const issued = await issue(request);
    const text = [issued.pem, ...issued.chain].join('');
    out?.write(text);
    return { issued, notes: [out === undefined ? text.trimEnd() : `Certificate and chain: ${out.path}`] };
  });
}
