/**
 * The operators' part of the store port: who they are, and what waits for a second of them.
 *
 * Each change is one transaction with its audit row. Signatures are judged by the caller (crypto/approval.ts); that a request is used once,
 * in its time, and by two who are still registered, holds here.
 */
import type { ApprovalRequest, ApprovalSignature, ChosenVerb, Operator } from '../domain/second-person.ts';
import type { Instant } from '../domain/units.ts';
import type { Actor } from './registry.ts';

export interface OperatorRecord extends Operator {
  readonly addedAt: Instant;
}

export interface ApprovalRecord extends ApprovalRequest {
  /** In the order in which they came. */
  readonly signatures: readonly ApprovalSignature[];
  readonly usedAt?: Instant;
}

/** Changes throw RegistryError: `exists`, `unknown`, `ended` and `invalid` as in the registry. */
export interface Operators {
  add(operator: Operator, actor: Actor): Promise<void>;
  /** Final: the key is never taken again, and its signatures count no more. */
  remove(name: string, actor: Actor): Promise<void>;
  /** Those that are registered, by name; at most MAX_OPERATORS. */
  list(): Promise<readonly OperatorRecord[]>;

  /**
   * A request that waits for signatures. The same one again (operation, input, person and reason) is the one that waits already. Throws
   * `exists` when MAX_REQUESTS wait.
   */
  ask(request: Omit<ApprovalRequest, 'askedAt' | 'endsAt'>): Promise<ApprovalRecord>;
  /** Each operator signs once. */
  sign(id: string, signature: ApprovalSignature, actor: Actor): Promise<void>;
  /** Uses it up for the operation: once, before its end, with these two still registered. */
  use(id: string, by: { readonly first: string; readonly second: string }, actor: Actor): Promise<void>;
  request(id: string): Promise<ApprovalRecord | undefined>;
  /** Those that wait, oldest first. */
  waiting(): Promise<readonly ApprovalRecord[]>;

  /**
   * Which verbs need a second person, as the configuration says at a start: a change of it stands in the trail. Answers the rule of the start
   * before where it was another one.
   */
  rule(verbs: readonly ChosenVerb[], actor: Actor): Promise<readonly string[] | undefined>;
}
