/**
 * The escrow's facts, beside the keys that they are about: `escrow.json` in the key folder. No
 * secret.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Escrow } from '../../domain/escrow.ts';
import { instant } from '../../domain/units.ts';
import { replaceFile } from '../../platform/lasting-files.ts';
import { grouped } from './base32.ts';

const FILE = 'escrow.json';

/**
 * The record; undefined if there is none or it cannot be understood: then the operator is reminded.
 */
export function readEscrow(keyFolder: string): Escrow | undefined {
  let raw: Record<keyof Escrow, unknown>;
  try {
    raw = JSON.parse(readFileSync(join(keyFolder, FILE), 'utf8')) as typeof raw;
  } catch {
    return undefined;
  }
  const { fingerprint, set, needed, custodians, madeAt, verifiedAt } = raw;
  if (typeof fingerprint !== 'string' || typeof set !== 'string' || typeof needed !== 'number') return undefined;
  if (!Array.isArray(custodians) || typeof madeAt !== 'string') return undefined;
  return {
    fingerprint,
    set,
    needed,
    custodians: custodians.map(String),
    madeAt: instant(Date.parse(madeAt)),
    ...(typeof verifiedAt === 'string' ? { verifiedAt: instant(Date.parse(verifiedAt)) } : {}),
  };
}

/**
 * Where the key with this fingerprint comes from, said to somebody who has another one. Custodians
 * are named if they are known.
 */
export function sharesThatMake(fingerprint: string, escrow: KnownSet | undefined): string {
  if (escrow === undefined)
    return `no escrow of it is known here: look for shares whose pages name ${fingerprint} ("sluis key recover" makes the key from them), or for the file "...before-..." that "sluis key rotate" left beside its successor`;
  const { set, needed, madeAt, custodians = [] } = escrow;
  const who = custodians.length === 0 ? '' : ` (${custodians.join(', ')})`;
  return `any ${needed} shares of set ${grouped(set)}, split on ${new Date(madeAt).toISOString().slice(0, 10)}${who}, make it: "sluis key recover SHARE ${'SHARE '.repeat(needed - 1)}--out FILE"`;
}

/** What a backup says about the escrow: no names. */
export type KnownSet = Pick<Escrow, 'set' | 'needed' | 'madeAt'> & Partial<Pick<Escrow, 'custodians'>>;

/**
 * The escrow of the key with this fingerprint, from the first of these key folders and their copies
 * that has it.
 */
export const escrowOf = (fingerprint: string, folders: readonly string[]): Escrow | undefined =>
  folders.map(readEscrow).find((escrow) => escrow?.fingerprint === fingerprint);

/** Writes the record; durable and whole when it returns. */
export function writeEscrow(keyFolder: string, escrow: Escrow): void {
  const time = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : new Date(at).toISOString();
  const text = JSON.stringify({ ...escrow, madeAt: time(escrow.madeAt), verifiedAt: time(escrow.verifiedAt) }, null, 2);
  mkdirSync(keyFolder, { recursive: true, mode: 0o700 });
  replaceFile(join(keyFolder, FILE), `${text}\n`, 0o600);
}
