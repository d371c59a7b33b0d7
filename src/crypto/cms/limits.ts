/** What a message may ask of its reader. Each limit has a test that reaches it. */
import { type ReadLimits } from '../certificates/ber.ts';
import { GiB, KiB, MiB } from '../../domain/units.ts';

export interface CmsLimits {
  /** Octets of content, decrypted or signed. */
  readonly maxContent: number;
  /** Octets of each part that is no content: all certificates, all recipients. */
  readonly maxPart: number;
  /** Nesting, that of a content in parts included. */
  readonly maxDepth: number;
  /** Values in one part. */
  readonly maxElements: number;
  readonly maxSigners: number;
  readonly maxRecipients: number;
  readonly maxCertificates: number;
  /**
   * Pieces of a content, empty ones and those around others included, beyond `freePieces` of which
   * each must bring this many octets on average.
   */
  readonly octetsAPiece: number;
  readonly freePieces: number;
}

/**
 * 1,000 recipients with RSA-4096 keys are 700 KB; a signature with a chain and its lists stays
 * below 100 KB. Programs write a content in pieces of 1,000 octets to 16 KB; pieces of one octet
 * cost 250 ms of processor time for each MB, those of 16 octets 20 ms.
 */
export const CMS_LIMITS: CmsLimits = {
  maxContent: GiB,
  maxPart: MiB,
  maxDepth: 32,
  maxElements: 20_000,
  maxSigners: 8,
  maxRecipients: 1000,
  maxCertificates: 32,
  octetsAPiece: 16,
  freePieces: 4096,
};

/** For a part that was collected: it may be BER, as the whole message may. */
export const partLimits = (limits: CmsLimits): ReadLimits => ({
  encoding: 'ber',
  maxOctets: limits.maxPart,
  maxDepth: limits.maxDepth,
  maxElements: limits.maxElements,
});

/**
 * A whole content is written with lengths (DER) up to this size, above it in parts of unknown total
 * length (BER).
 */
export const DER_CONTENT = 256 * KiB;
