/**
 * Of the package `dns-packet`, which has no declarations of its own: what is used of it, and
 * nothing else.
 */
declare module 'dns-packet' {
  export interface Question {
    readonly name: string;
    readonly type: string;
    readonly class?: string;
  }
  /** `data` is what the type has; of types that the package does not know, the octets. */
  export interface Answer {
    readonly name: string;
    readonly type: string;
    readonly class?: string;
    readonly ttl?: number;
    readonly data?: unknown;
    /** Only in OPT. */
    readonly extendedRcode?: number;
  }
  export interface Packet {
    readonly id: number;
    readonly type: 'query' | 'response';
    readonly flags: number;
    readonly flag_tc: boolean;
    readonly flag_ad: boolean;
    readonly rcode: string;
    readonly questions: readonly Question[];
    readonly answers: readonly Answer[];
    readonly additionals: readonly Answer[];
  }
  export interface Query {
    readonly type: 'query';
    readonly id: number;
    readonly flags: number;
    readonly questions: readonly Question[];
    readonly additionals: readonly {
      readonly type: 'OPT';
      readonly name: '.';
      readonly udpPayloadSize: number;
      readonly flags: number;
      readonly options: readonly never[];
    }[];
  }
  /** A response of a test's server. */
  export interface Response {
    readonly type: 'response';
    readonly id: number;
    /** With the code in its lowest four bits. */
    readonly flags: number;
    readonly questions: readonly Question[];
    readonly answers: readonly Answer[];
  }
  export const RECURSION_DESIRED: number;
  export const AUTHENTIC_DATA: number;
  export const TRUNCATED_RESPONSE: number;
  export function encode(packet: Query | Response): Buffer;
  /** Decodes a packet. Throws for octets that are none. */
  export function decode(octets: Buffer): Packet;
}
