/**
 * The messages of SCRAM (RFC 5802 section 7), as text: what a client sends, and what we answer.
 *
 * Pure. A text that does not follow the grammar to the letter is not a message. Optional extensions
 * are skipped; mandatory ones ("m=") are not known here, and refused.
 */
import { isUtf8 } from 'node:buffer';
import { decodeBase64 } from './client-text.ts';

/** Longest message of a client, in octets: many times what name, nonce and channel binding need. */
const MAX_MESSAGE = 2048;
const MAX_NONCE = 256;

export interface ClientFirst {
  /** The GS2 header as sent, with its second comma: the client repeats it in its last message. */
  readonly header: string;
  /**
   * What the client says of channel binding: none, `y` (it could, and believes that we cannot), or
   * the type that it binds to.
   */
  readonly binding: 'none' | 'unoffered' | { readonly type: string };
  /** Authorization identity; empty if none was given. */
  readonly identity: string;
  readonly login: string;
  readonly nonce: string;
  /** client-first-message-bare. */
  readonly bare: string;
}

export interface ClientFinal {
  /** GS2 header and channel binding data. */
  readonly channel: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  /** The message up to its proof. */
  readonly withoutProof: string;
}

const FIRST =
  /^((n|y|p=([A-Za-z0-9.-]{1,64})),(?:a=([^,\0]+))?,)(n=([^,\0]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\0]+)*)$/;
const FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\0]+)*),p=([A-Za-z0-9+/=]+)$/;

/**
 * A name in which "," and "=" stand as "=2C" and "=3D"; undefined if "=" stands for anything else.
 */
function readName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return text.replace(/=2C/g, ',').replace(/=3D/g, '=');
}

const textOf = (octets: Buffer): string | undefined =>
  octets.length <= MAX_MESSAGE && isUtf8(octets) ? octets.toString('utf8') : undefined;

export function readClientFirst(octets: Buffer): ClientFirst | undefined {
  const [match, header = '', flag = '', type = '', identity = '', bare = '', login = '', nonce = ''] =
    FIRST.exec(textOf(octets) ?? '') ?? [];
  const names = [readName(identity), readName(login)] as const;
  if (match === undefined || names[0] === undefined || names[1] === undefined || nonce.length > MAX_NONCE)
    return undefined;
  const binding = flag === 'n' ? 'none' : flag === 'y' ? 'unoffered' : { type };
  return { header, binding, identity: names[0], login: names[1], nonce, bare };
}

export function readClientFinal(octets: Buffer): ClientFinal | undefined {
  const [match, withoutProof = '', channel = '', nonce = '', proof = ''] = FINAL.exec(textOf(octets) ?? '') ?? [];
  const decoded = [decodeBase64(channel), decodeBase64(proof)] as const;
  if (match === undefined || decoded[0] === undefined || decoded[1] === undefined) return undefined;
  return { channel: decoded[0], nonce, proof: decoded[1], withoutProof };
}

export const serverFirst = (nonce: string, salt: Uint8Array, iterations: number): string =>
  `r=${nonce},s=${Buffer.from(salt).toString('base64')},i=${iterations}`;

export const serverFinal = (signature: Uint8Array): string => `v=${Buffer.from(signature).toString('base64')}`;
