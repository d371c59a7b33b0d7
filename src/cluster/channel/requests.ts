/**
 * What two gateways ask each other. One table: names, what goes in, what comes out. Everything that
 * comes from the line is judged by it; what stands in no shape is refused whole.
 *
 * A key travels only as it lies in the key folder, wrapped by the master key, which never travels.
 */
import { z } from '../../config/zod.ts';
import type { RefusalCode } from './refusals.ts';

/**
 * Raised when a request changes its meaning. Nodes that speak another are refused by the shape of
 * `hello`, and try again after their upgrade.
 */
export const CHANNEL_VERSION = 1;
/** Days that one answer tells of. */
export const DAYS_AT_A_TIME = 200;
/** Keys of one day: one for each node that was alone on it, at most. */
const MAX_KEYS = 64;

const day = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const mark = z.string().regex(/^[0-9a-f]{16}$/);
const name = z.string().min(1).max(64);
const base64 = (octets: number): z.ZodString =>
  z
    .string()
    .max(Math.ceil(octets / 3) * 4)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/);
const sealed = base64(256);
/**
 * Octets of the kept keys of a day in one answer; all of them are 40 for each message of the day.
 */
export const KEPT_AT_A_TIME = 45_000;
/** Most octets of the kept keys of one day: those of five million messages. */
export const MOST_KEPT = 200_000_000;
/** Erased messages that one request tells of. */
export const ERASING_AT_A_TIME = 1000;
const proof = base64(32);
/** Signing keys that one answer tells of. A new one comes every few years. */
export const MOST_SIGNING = 200;
const signing = z.string().regex(/^(?:evidence|ca\/[0-9a-f]{64})$/);

/** Name that a node gives; its certificate has proved its host name by then. */
export const introduction = z.strictObject({
  channel: z.literal(CHANNEL_VERSION),
  node: name,
  site: name,
  version: z.string().max(100),
  store: z.string().max(64),
  /** Fingerprint of the master key. */
  key: z.string().max(64),
  /** Milliseconds since 1970. */
  clock: z.number().int().min(0),
});
export type Introduction = z.infer<typeof introduction>;

const knownDay = z.strictObject({
  day,
  state: z.enum(['live', 'erased', 'kept']),
  marks: z.array(mark).max(MAX_KEYS),
});
export type KnownDay = z.infer<typeof knownDay>;

/**
 * The key that seals TLS tickets, wrapped for this alone; the greater one holds
 * (cluster/tickets.ts).
 */
const ticket = z.strictObject({
  voids: z.number().int().min(0),
  number: z.number().int().min(0),
  by: name,
  sealed,
});
export type SharedTicket = z.infer<typeof ticket>;

export const REQUESTS = {
  hello: { in: introduction, out: introduction },
  /**
   * What is known of the days from `from` on, at most `DAYS_AT_A_TIME`; `next` where there are
   * more.
   */
  'keys.have': {
    in: z.strictObject({ from: day }),
    out: z.strictObject({ days: z.array(knownDay).max(DAYS_AT_A_TIME), next: day.optional() }),
  },
  'keys.give': { in: z.strictObject({ day, mark }), out: z.strictObject({ sealed }) },
  'keys.take': { in: z.strictObject({ day, sealed }), out: z.strictObject({ mark, isNew: z.boolean() }) },
  /** Destroys the day's keys. The answer proves it (cluster/erasure-proof.ts). */
  'keys.erase': {
    in: z.strictObject({ day }),
    out: z.strictObject({ node: name, at: z.number().int().min(0), proof }),
  },
  /**
   * A part of the kept keys of a closed day, as they lie in the key folder, from octet `from` on;
   * `octets` is the length of all.
   */
  'keys.kept': {
    in: z.strictObject({ day, from: z.number().int().min(0).max(MOST_KEPT) }),
    out: z.strictObject({ sealed: base64(KEPT_AT_A_TIME), octets: z.number().int().min(1).max(MOST_KEPT) }),
  },
  /** These messages of the day were erased, and are to be closed in every backup. */
  'keys.erasing': {
    in: z.strictObject({ day, messages: z.array(z.string().regex(/^\d{1,19}$/)).max(ERASING_AT_A_TIME) }),
    out: z.strictObject({}),
  },
  /**
   * The day was closed for the sake of erased messages: the other does the same, by what the common
   * store says. False: not yet.
   */
  'keys.close': { in: z.strictObject({ day }), out: z.strictObject({ closed: z.boolean() }) },
  /** Names of the keys that sign for all nodes. */
  'signing.have': { in: z.strictObject({}), out: z.strictObject({ names: z.array(signing).max(MOST_SIGNING) }) },
  /** One of them, sealed as it lies in the key folder; evidence with its certificate, PEM. */
  'signing.give': {
    in: z.strictObject({ name: signing }),
    out: z.strictObject({ sealed: base64(8000), certificate: z.string().max(10_000).optional() }),
  },
  /** Tells one's own, and hears the other's. */
  'tickets.current': {
    in: z.strictObject({ mine: ticket.optional() }),
    out: z.strictObject({ ours: ticket.optional() }),
  },
} as const;

export type RequestName = keyof typeof REQUESTS;
export type RequestOf<N extends RequestName> = z.infer<(typeof REQUESTS)[N]['in']>;
export type AnswerOf<N extends RequestName> = z.infer<(typeof REQUESTS)[N]['out']>;

/** A handler for each request of another gateway. Throws PeerRefused. */
export type Handlers = {
  readonly [N in Exclude<RequestName, 'hello'>]: (request: RequestOf<N>) => Promise<AnswerOf<N>>;
};

export const asked = z.strictObject({ ask: z.string().max(40), with: z.unknown() });
export const answered = z.union([
  z.strictObject({ ok: z.unknown() }),
  z.strictObject({ no: z.string().max(40), why: z.string().max(1000) }),
]);
export type Answered = { readonly ok: unknown } | { readonly no: RefusalCode; readonly why: string };
