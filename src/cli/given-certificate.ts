/**
 * A certificate that an operator brings: PEM, DER, or a PKCS #7 (.p7b) or PKCS #12 file as
 * authorities hand them out and Windows exports them.
 *
 * A PKCS #12 file mostly has the private key too. To log its owner in, the gateway needs only the
 * certificate, and a private key should be in one place alone. So the file is opened here, in the
 * operator's own process, and only the certificate is sent on. A key goes to the gateway only if it
 * is for mail and the operator wants the gateway to hold it.
 */
import { readFileSync, statSync } from 'node:fs';
import { type Certificate, certificatePem, readCertificate } from '../crypto/certificates/certificate.ts';
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import { encodePem } from '../crypto/certificates/pem.ts';
import { readPkcs7 } from '../crypto/key-files/pkcs7-import.ts';
import { type Pkcs12Contents, readPkcs12 } from '../crypto/key-files/pkcs12-import.ts';
import { CommandError } from './exit.ts';
import { readOpeningPassword } from './secret.ts';
import type { Terminal } from './terminal.ts';

export interface GivenCertificate {
  readonly pem: string;
  /** The private key in PEM, if it was asked for. */
  readonly key?: string;
  /** What was left in the file and why, for the operator. */
  readonly notes: readonly string[];
}

const LARGEST = 256 * 1024;

/**
 * Reads the file. `passwordFile`: the password of a PKCS #12 file; without it, the person is asked.
 * `take`: what to take from a PKCS #12 file.
 */
export async function readGivenCertificate(
  terminal: Terminal,
  file: string,
  passwordFile: string | undefined,
  take: 'certificate' | 'key' = 'certificate',
): Promise<GivenCertificate> {
  const octets = readOctets(file);
  if (take === 'key' && (octets[0] !== 0x30 || readCertificate(octets).ok))
    throw new CommandError('usage', `Cannot take a private key from "${file}": expected a PKCS #12 file with one`);
  if (readCertificate(octets).ok && octets[0] === 0x30) return { pem: encodePem('CERTIFICATE', octets), notes: [] };
  const bundle = await readPkcs7(octets);
  if (bundle?.ok === false)
    throw new CommandError(
      'usage',
      `Cannot use "${file}": it is not a PKCS #7 file that can be read (${bundle.error.text})`,
    );
  if (bundle !== undefined) {
    const own = ownOf(file, { keys: [], certificates: bundle.value });
    return { pem: certificatePem(own), notes: notTaken(bundle.value.length - 1) };
  }
  if (octets[0] !== 0x30) return { pem: octets.toString('latin1'), notes: [] };
  const opened = await readPkcs12(octets, await readOpeningPassword(terminal, passwordFile));
  if (!opened.ok) {
    const { kind, text } = opened.error;
    throw new CommandError(
      'usage',
      kind === 'wrong-password'
        ? `${text}; give the file's password with --password-file`
        : `Cannot use "${file}": it is neither a certificate nor a PKCS #7 or PKCS #12 file that can be read (${text})`,
    );
  }
  const certificate = ownOf(file, opened.value);
  const { keys, certificates } = opened.value;
  const others = certificates.length - 1;
  const key = keys.find((k) => k.certificate?.fingerprint === certificate.fingerprint)?.privateKey;
  if (take === 'key' && key === undefined)
    throw new CommandError('usage', `Cannot take a private key from "${file}": it holds none for its certificate`);
  return {
    pem: certificatePem(certificate),
    ...(take === 'key' && key !== undefined ? { key: key.export({ type: 'pkcs8', format: 'pem' }) } : {}),
    notes: [
      ...(keys.length === 0 || take === 'key'
        ? []
        : [`The private key in "${file}" was not taken: its owner keeps it, the gateway needs the certificate alone.`]),
      ...notTaken(others),
    ],
  };
}

/** Prints the notes. Call it once it is known that the rest could be used. */
export const tellNotes = (terminal: Terminal, { notes }: GivenCertificate): void =>
  notes.forEach((note) => terminal.err(`${note}\n`));

const notTaken = (others: number): readonly string[] =>
  others === 0
    ? []
    : [
        `${others} more in the file not used: authorities are in tls.client-authorities or smime.authorities, if one is needed.`,
      ];

function readOctets(file: string): Buffer {
  try {
    if (statSync(file).size > LARGEST)
      throw new CommandError('usage', `Cannot use "${file}": it has more than 256 KiB; name the certificate's file`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      'usage',
      `Cannot read the certificate ${file}: ${code ?? String(error)}; name a file that you may read`,
    );
  }
}

/**
 * The certificate that belongs to a key in the file. In a file without keys, the one that is no
 * authority's.
 */
function ownOf(file: string, { keys, certificates }: Pkcs12Contents): Certificate {
  const ofKeys = keys.flatMap(({ certificate }) => certificate ?? []);
  const own = ofKeys.length > 0 ? ofKeys : certificates.filter((c) => c.basicConstraints?.ca !== true);
  const [first, ...more] = own;
  if (first === undefined)
    throw new CommandError(
      'usage',
      `Cannot use "${file}": it holds no certificate that is somebody's own; name another`,
    );
  if (more.length > 0)
    throw new CommandError(
      'usage',
      `Cannot tell which certificate of "${file}" is meant: ${own.map((c) => `"${formatName(c.subject)}"`).join(', ')}; export one alone`,
    );
  return first;
}
