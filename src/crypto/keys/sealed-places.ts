/**
 * Everything that is sealed under the master key, and where it lies: a rotation must seal all of it
 * again. One row for each purpose, so that a new purpose does not compile until it says where its
 * secrets lie.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { type KeyPurpose, openSecret, sealSecret } from './sealed-key.ts';
import { SealBroken, deriveKey, unwrapOctets, wrapKey } from './sealing.ts';

export type SealedPlace =
  /** Files of the key folder; the group of `name` is the id, if that is not always the same. */
  | { readonly kind: 'file'; readonly name: RegExp; readonly id?: string }
  /** A column of the database. */
  | { readonly kind: 'column'; readonly table: string; readonly column: string; readonly id: string }
  /** Nothing is sealed for it so far. */
  | { readonly kind: 'none' };

/**
 * Where a rotation puts what it has sealed again (store/sqlite/rotate.ts), until it is moved into
 * place.
 */
export const ROTATION_FOLDER = 'rotation';

const CA = { kind: 'file', name: /^ca\/([0-9a-f]+)\.key$/ } as const;

export const SEALED_PLACES: Readonly<Record<KeyPurpose, SealedPlace>> = {
  'root-authority': CA,
  'issuing-authority': CA,
  audit: { kind: 'file', name: /^audit\/anchor\.key$/, id: 'anchor' },
  evidence: { kind: 'file', name: /^evidence\/evidence\.key$/, id: 'evidence' },
  'account-mail': { kind: 'column', table: 'certificate_key', column: 'sealed', id: 'fingerprint' },
  'account-pgp': { kind: 'column', table: 'pgp_secret', column: 'sealed', id: 'fingerprint' },
  'partner-login': { kind: 'column', table: 'partner', column: 'sealed', id: 'name' },
  webhook: { kind: 'column', table: 'webhook', column: 'sealed', id: 'id' },
  'break-glass': { kind: 'column', table: 'break_glass', column: 'sealed', id: 'name' },
  'account-login': { kind: 'none' },
  'domain-mail': { kind: 'none' },
  'tls-server': { kind: 'none' },
};

export interface KeyChange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly random: RandomBytes;
}

/** The same secret, sealed under the other key. */
export function reseal(
  { from, to, random }: KeyChange,
  sealed: Uint8Array,
  seal: { readonly purpose: KeyPurpose; readonly id: string },
): Result<Uint8Array, string> {
  const plain = openSecret(from, Buffer.from(sealed), seal);
  if (!plain.ok) return plain;
  const again = sealSecret(to, plain.value, { ...seal, random });
  plain.value.fill(0);
  return ok(again);
}

/**
 * A day may have several keys: those with a mark in their name came from other nodes
 * (day-folder.ts).
 */
export const DAY = /^(\d{4}-\d\d-\d\d)(?:\.[0-9a-f]{16})?\.key$/;
/**
 * Keys of the messages of a day whose own key was destroyed for the sake of others (kept-keys.ts).
 */
export const KEPT = /^(\d{4}-\d\d-\d\d)\.kept$/;
const ERASING = /^\d{4}-\d\d-\d\d\.erasing$/;
/** Files that are not encrypted, or were left by a crash. */
const PLAIN = [
  /^store$/,
  /^escrow\.json$/,
  /^\d{4}-\d\d-\d\d\.erased$/,
  ERASING,
  /^anchors\//,
  /^(?:audit|evidence)\/[a-z]+\.pem$/,
  /\.new$/,
  /\.key\.before-[0-9a-f]+$/,
  /^rotation(?:\.new)?\//,
];

const BESIDE = [ERASING, /^store$/, /^escrow\.json$/, /^\d{4}-\d\d-\d\d\.erased$/, /^(?:audit|evidence)\/[a-z]+\.pem$/];

/**
 * Whether a file of the key folder belongs in a copy of it. No master key does, wherever it lies,
 * nor what a rotation is about to put in place.
 */
export const belongsInCopy = (name: string): boolean =>
  [DAY, KEPT, ...BESIDE].some((form) => form.test(name)) ||
  Object.values(SEALED_PLACES).some((place) => place.kind === 'file' && place.name.test(name));

/**
 * Names of the sealed files of a key folder, below it, without those of `but`. Fails with the first
 * that nobody knows: it would stay under the old key.
 */
export function sealedFiles(keyFolder: string, but: readonly string[] = []): Result<readonly string[], string> {
  const known = [
    DAY,
    KEPT,
    ...Object.values(SEALED_PLACES).flatMap((place) => (place.kind === 'file' ? [place.name] : [])),
  ];
  const names = readdirSync(keyFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(keyFolder, '/').length))
    .filter((name) => !PLAIN.some((plain) => plain.test(name)) && !but.includes(join(keyFolder, name)))
    .sort();
  const stranger = names.find((name) => !known.some((form) => form.test(name)));
  return stranger === undefined
    ? ok(names)
    : fail(`the file "${join(keyFolder, stranger)}" is none that the gateway puts there; move it elsewhere`);
}

/** The content of one of these files, sealed under the other key. */
export function resealFile(change: KeyChange, keyFolder: string, name: string): Result<Uint8Array, string> {
  const octets = readFileSync(join(keyFolder, name));
  const day = DAY.exec(name)?.[1];
  if (day !== undefined) return rewrapDay(change, octets, { purpose: dayKeyPurpose(day), name });
  const kept = KEPT.exec(name)?.[1];
  if (kept !== undefined) return rewrapDay(change, octets, { purpose: keptPurpose(kept), name });
  let why = '';
  for (const [purpose, place] of Object.entries(SEALED_PLACES) as [KeyPurpose, SealedPlace][]) {
    const found = place.kind === 'file' ? place.name.exec(name) : null;
    if (place.kind !== 'file' || found === null) continue;
    const again = reseal(change, octets, { purpose, id: place.id ?? found[1] ?? '' });
    if (again.ok) return again;
    why = again.error;
  }
  return fail(`the file "${join(keyFolder, name)}" does not open: ${why}`);
}

/** As `KeyFolder` wraps it. */
export const dayKeyPurpose = (day: string): string => `sluis day key 1 ${day}`;
export const keptPurpose = (day: string): string => `sluis kept keys 1 ${day}`;
export const DAY_WRAPPING = 'sluis day key wrapping 1';

function rewrapDay(
  { from, to, random }: KeyChange,
  wrapped: Buffer,
  { purpose, name }: { readonly purpose: string; readonly name: string },
): Result<Uint8Array, string> {
  try {
    const key = unwrapOctets(deriveKey(from, DAY_WRAPPING), wrapped, purpose);
    const again = wrapKey(deriveKey(to, DAY_WRAPPING), key, purpose, random);
    key.fill(0);
    return ok(again);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    return fail(`the day key file "${name}" does not open: ${error.message}`);
  }
}
