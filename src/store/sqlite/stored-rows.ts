/** Rows that both threads give out or take. Everything here is cloned: plain values, no functions. */
import type { DeliveryState } from '../deliveries.ts';

/** What one account did of one quirk on one day (days since 1970). */
export interface QuirkCount {
  readonly account: number;
  readonly quirk: string;
  readonly day: number;
  readonly tolerated: number;
  readonly refused: number;
  /** The last of them. */
  readonly at: number;
  readonly client: string | null;
}

/** A row of `message`. */
export interface MessageRow {
  readonly id: bigint;
  readonly receivedAt: number;
  readonly submitter: number;
  readonly sender: string;
  readonly messageIdField: string;
  readonly envelope: string;
  readonly octets: number;
  readonly sha256: Uint8Array;
  readonly copyOf: bigint | null;
}

/** A row of `delivery`. */
export interface DeliveryRow {
  readonly id: number;
  readonly message: bigint;
  /** 0: held from `mailbox`. */
  readonly partner: number;
  readonly mailbox: number | null;
  readonly recipient: string;
  readonly dsn: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly fence: number;
  readonly dueAt: number;
  readonly delayedAt: number | null;
  readonly lastReply: string | null;
  readonly settledAt: number | null;
}

/** Deliveries with their messages, each message once. */
export interface DeliveryRows {
  readonly deliveries: readonly DeliveryRow[];
  readonly messages: readonly MessageRow[];
}
