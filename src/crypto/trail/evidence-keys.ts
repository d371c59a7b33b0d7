/**
 * The key that signs evidence: bundles about messages, statements of what was erased. RSA-3072,
 * sealed in the key folder (`evidence/evidence.key`), its certificate beside it (`evidence.pem`)
 * for whoever will check a signature. Made at its first use. A lost key loses nothing that was
 * signed: the certificate still checks it.
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defined } from '../../domain/defined.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
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

/**
 * Rejects with Unusable if only one of the two files is there or they do not fit: a new key in
 * their place would hide that.
 */
export async function evidenceKey(parts: EvidenceKeyParts, now: Instant): Promise<EvidenceKey> {
  const { keyFolder, masterKey, random } = parts;
  const folder = join(keyFolder, 'evidence');
  const master = await masterKey();
  if (Object.keys(filesIn(keyFolder)).length === 0) {
    const made = await make(parts, now);
    keep(keyFolder, {
      sealed: sealPrivateKey(master, made.privateKey, { ...SEAL, random }),
      certificate: certificatePem(made.certificate),
    });
  }
  const { sealed, certificate } = filesIn(keyFolder);
  if (sealed === undefined || certificate === undefined)
    throw new Unusable(
      `Cannot use the key of evidence: "${join(folder, sealed === undefined ? SEALED : CERTIFICATE)}" is missing; ${REMEDY}`,
    );
  const pair = pairOf(master, { sealed, certificate });
  if (!pair.ok) throw new Unusable(`Cannot use the key of evidence in "${folder}": ${pair.error}; ${REMEDY}`);
  return pair.value;
}

const REMEDY = `put the files back from a copy, or move ${SEALED} and ${CERTIFICATE} away to have both made again`;

/** The key and its certificate as they lie in the key folder. */
export interface EvidenceFiles {
  readonly sealed: Buffer;
  readonly certificate: string;
}

/** For other gateways of the same store; undefined: no key was made here, or it cannot be used. */
export function evidenceFiles(keyFolder: string, master: Uint8Array): EvidenceFiles | undefined {
  const { sealed, certificate } = filesIn(keyFolder);
  if (sealed === undefined || certificate === undefined) return undefined;
  const files = { sealed, certificate };
  return pairOf(master, files).ok ? files : undefined;
}

/** Keeps the key of another gateway, unless there is one here: what that one signed stays. */
export function takeEvidenceFiles(keyFolder: string, master: Uint8Array, files: EvidenceFiles): Result<void, string> {
  const pair = pairOf(master, files);
  if (!pair.ok) return pair;
  const here = filesIn(keyFolder);
  if (here.sealed === undefined && here.certificate === undefined) keep(keyFolder, files);
  return ok(undefined);
}

/**
 * The key is written first: a certificate without it would stay beside the next key, which it does
 * not fit.
 */
function keep(keyFolder: string, { sealed, certificate }: EvidenceFiles): void {
  const folder = join(keyFolder, 'evidence');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeOnce(folder, SEALED, sealed);
  writeOnce(folder, CERTIFICATE, Buffer.from(certificate));
  syncFolder(keyFolder);
}

function pairOf(master: Uint8Array, { sealed, certificate: pem }: EvidenceFiles): Result<EvidenceKey, string> {
  const opened = openPrivateKey(master, sealed, SEAL);
  if (!opened.ok) return opened;
  const certificate = readCertificate(pem);
  if (!certificate.ok) return fail(certificate.error.text);
  if (!new X509Certificate(certificate.value.der).checkPrivateKey(opened.value))
    return fail('the certificate is not of this key');
  return ok({ privateKey: opened.value, certificate: certificate.value });
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

function filesIn(keyFolder: string): { readonly sealed?: Buffer; readonly certificate?: string } {
  const folder = join(keyFolder, 'evidence');
  return defined({ sealed: fileIn(folder, SEALED), certificate: fileIn(folder, CERTIFICATE)?.toString() });
}

function fileIn(folder: string, name: string): Buffer | undefined {
  try {
    return readFileSync(join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
