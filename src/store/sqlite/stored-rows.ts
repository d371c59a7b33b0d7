/** Rows that both threads give out or take. Everything here is cloned: plain values, no functions. */
import type { DeliveryState } from '../deliveries.ts';

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
