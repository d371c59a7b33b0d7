/** The operators' part of the store port: who they are, and what waits for a second of them. */
import type { ApprovalRequest, ApprovalSignature, Operator } from '../domain/second-person.ts';
import type { Instant } from '../domain/units.ts';

export interface OperatorRecord extends Operator {
  readonly addedAt: Instant;
}

export interface ApprovalRecord extends ApprovalRequest {
  /** In the order in which they came. */
  readonly signatures: readonly ApprovalSignature[];
  readonly usedAt?: Instant;
}
