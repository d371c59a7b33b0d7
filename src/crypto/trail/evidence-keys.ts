/**
 * The key that signs evidence: bundles about messages, statements of what was erased. RSA-3072,
 * sealed in the key folder (`evidence/evidence.key`), its certificate beside it (`evidence.pem`)
 * for whoever will check a signature. Made at its first use. A lost key loses nothing that was
 * signed: the certificate still checks it.
 */
import type { KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import { Unusable } from '../../domain/unusable.ts';
import { makeKeyPair, selfSigned } from '../certificates/authority.ts';
import { type Certificate, certificatePem, readCertificate } from '../certificates/certificate.ts';
import { attributeProblem, makeName } from '../certificates/distinguished-name.ts';
import { syncFolder, writeOnce } from '../../platform/lasting-files.ts';
import { Oid } from '../certificates/oids.ts';
import { openPrivateKey, sealPrivateKey } from '../keys/sealed-key.ts';

export interface EvidenceKey {
  readonly privateKey: KeyObject;
  readonly certificate: Certificate;
}

const SEALED = 'evidence.key';
const CERTIFICATE = 'evidence.pem';
const SEAL = { purpose: 'evidence', id: 'evidence' } as const;
/**
 * Lifetime of the certificate: a proof must hold as long as anybody may ask for it, and a record of
 * care is kept for twenty years.
 */
const LIFETIME = days(7305);

export const evidenceCertificateFile = (keyFolder: string): string => join(keyFolder, 'evidence', CERTIFICATE);

/**
 * Stands in the certificate and in the From of what is signed, so that mail programs find the two
 * agree.
 */
export const evidenceAddress = (hostname: string): string => `evidence@${hostname}`;

export interface EvidenceKeyParts {
  readonly keyFolder: string;
  readonly masterKey: () => Promise<Uint8Array>;
  readonly hostname: string;
  readonly random: RandomBytes;
}

/** Throws if the key exists and does not open: a new one in its place would hide that. */
export async function evidenceKey(parts: EvidenceKeyParts, now: Instant): Promise<EvidenceKey> {
  const { keyFolder, masterKey, random } = parts;
  const folder = join(keyFolder, 'evidence');
  const master = await masterKey();
  if (fileIn(folder, SEALED) === undefined || fileIn(folder, CERTIFICATE) === undefined) {
    // The certificate is written first: a key without it would get a second one, which nobody was
    // given.
    const made = await make(parts, now);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (fileIn(folder, SEALED) !== undefined)
      throw new Unusable(
        `Cannot use the key of evidence: its certificate "${join(folder, CERTIFICATE)}" is missing; put it back from a copy, or move "${SEALED}" away to have both made again`,
      );
    writeOnce(folder, SEALED, sealPrivateKey(master, made.privateKey, { ...SEAL, random }));
    writeOnce(folder, CERTIFICATE, Buffer.from(certificatePem(made.certificate)));
    syncFolder(keyFolder);
  }
  const opened = openPrivateKey(master, fileIn(folder, SEALED) ?? Buffer.alloc(0), SEAL);
  if (!opened.ok) throw new Unusable(`Cannot open the key of evidence "${join(folder, SEALED)}": ${opened.error}`);
  const certificate = readCertificate(readFileSync(join(folder, CERTIFICATE), 'utf8'));
  if (!certificate.ok)
    throw new Unusable(`Cannot read the certificate of evidence in "${folder}": ${certificate.error.text}`);
  return { privateKey: opened.value, certificate: certificate.value };
}

async function make({ hostname, random }: EvidenceKeyParts, now: Instant): Promise<EvidenceKey> {
  const keys = await makeKeyPair('rsa3072');
  const commonName = `Evidence of ${hostname}`;
  const subject = makeName({
    commonName: attributeProblem(Oid.commonName, commonName) === undefined ? commonName : 'Evidence of the gateway',
  });
  const notAfter = instant(now + LIFETIME);
  const options = { subject, keys, email: evidenceAddress(hostname), notAfter };
  return { privateKey: keys.privateKey, certificate: await selfSigned(options, { now, random }) };
}

function fileIn(folder: string, name: string): Buffer | undefined {
  try {
    return readFileSync(join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
