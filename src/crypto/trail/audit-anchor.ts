/**
 * Anchors: heads of the audit chain, signed and kept where whoever changes the database cannot
 * change them. A chain alone proves that nothing was taken out of its middle; an anchor proves that
 * nothing was cut off its end, or that it was not written again from its beginning.
 *
 * A line of JSON each: what a person can read, and an Ed25519 signature over the same.
 */
import { type KeyObject, hash, sign, verify } from 'node:crypto';
import type { ChainHead } from '../../domain/audit-row.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { type AnchoredLane, lanesHash } from './audit-lanes.ts';

export interface Anchor extends ChainHead {
  readonly hostname: string;
  /** ISO 8601. */
  readonly at: string;
  /** `anchorKeyId` of the key that signed. */
  readonly key: string;
  /**
   * For a trail of several chains: those that go on, and those that have ended since the previous
   * anchor, in the order of their numbers. `hash` is `lanesHash` of them then, and `seq` the last
   * row of all.
   */
  readonly lanes?: readonly AnchoredLane[];
}

/** 16 hexadecimal digits that tell one signing key from another. */
export const anchorKeyId = (publicKey: KeyObject): string =>
  hash('sha256', publicKey.export({ type: 'spki', format: 'der' })).slice(0, 16);

const signed = ({ hostname, at, seq, hash: head, key, lanes }: Anchor): Buffer =>
  Buffer.from(
    [
      `sluis audit anchor ${lanes === undefined ? 1 : 2}`,
      hostname,
      at,
      String(seq),
      Buffer.from(head).toString('hex'),
      key,
    ].join('\n'),
  );

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** One line, without its end. */
export function anchorLine(
  anchor: Omit<Anchor, 'key'>,
  keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
): string {
  const whole: Anchor = { ...anchor, key: anchorKeyId(keys.publicKey) };
  return JSON.stringify({
    ...whole,
    hash: hex(whole.hash),
    ...(whole.lanes === undefined
      ? {}
      : { lanes: whole.lanes.map(({ lane, place, hash: its, ended }) => [lane, place, hex(its), ended ? 1 : 0]) }),
    signature: sign(null, signed(whole), keys.privateKey).toString('base64'),
  });
}

/** The error says what is not right about the line. */
export function readAnchor(line: string, publicKeys: readonly KeyObject[]): Result<Anchor, string> {
  let read: Record<string, unknown>;
  try {
    read = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return fail('it is not a line of JSON');
  }
  const { hostname, at, seq, hash: head, key, signature } = read;
  if (typeof hostname !== 'string' || typeof at !== 'string' || typeof seq !== 'number' || typeof key !== 'string')
    return fail('it lacks hostname, at, seq or key');
  if (typeof head !== 'string' || !/^[0-9a-f]{64}$/.test(head) || typeof signature !== 'string')
    return fail('it lacks hash or signature');
  const lanes = read.lanes === undefined ? undefined : lanesOf(read.lanes);
  if (lanes === 'wrong') return fail('its lanes are not written as an anchor writes them');
  const anchor: Anchor = {
    hostname,
    at,
    seq,
    key,
    hash: Buffer.from(head, 'hex'),
    ...(lanes === undefined ? {} : { lanes }),
  };
  if (lanes !== undefined && hex(lanesHash(lanes)) !== head) return fail('its hash is not that of its lanes');
  const publicKey = publicKeys.find((candidate) => anchorKeyId(candidate) === key);
  if (publicKey === undefined)
    return fail(`it is signed by key ${key}, which is not among the ${publicKeys.length} given`);
  return verify(null, signed(anchor), publicKey, Buffer.from(signature, 'base64'))
    ? ok(anchor)
    : fail('its signature is not one of its key');
}

/** `[lane, place, hash, 1 where it has ended]` each, in the order of their numbers. */
function lanesOf(read: unknown): readonly AnchoredLane[] | 'wrong' {
  if (!Array.isArray(read) || read.length === 0) return 'wrong';
  const lanes: AnchoredLane[] = [];
  for (const one of read as readonly unknown[]) {
    const [lane, place, head, ended] = Array.isArray(one) ? (one as readonly unknown[]) : [];
    if (!Number.isSafeInteger(lane) || !Number.isSafeInteger(place) || (ended !== 0 && ended !== 1)) return 'wrong';
    if (typeof head !== 'string' || !/^[0-9a-f]{64}$/.test(head)) return 'wrong';
    const before = lanes.at(-1)?.lane ?? -1;
    if ((lane as number) <= before) return 'wrong';
    lanes.push({ lane: lane as number, place: place as number, hash: Buffer.from(head, 'hex'), ended: ended === 1 });
  }
  return lanes;
}
