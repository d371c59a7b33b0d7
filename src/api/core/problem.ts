/**
 * Why a request is refused, as RFC 9457 says it: application/problem+json with type, title, status,
 * detail, and the code of the refusal if SMTP has one for it.
 *
 * Errors of all other parts become problems here and nowhere else. An unexpected error shows only
 * the number of the request; the log has the rest.
 */
import { AdminError, type AdminErrorKind } from '../../admin/error.ts';
import { defined } from '../../domain/defined.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { LoginEnded, OutcomeUnknown, StoreFailed, StoreFull, StoreUnavailable } from '../../store/store.ts';
import { forPrograms } from './wording.ts';

export interface ProblemMembers {
  /** Status of the refusal, for example `5.1.1`. */
  readonly code?: string;
  /** Seconds after which to try again. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The request that waits for a second person. */
  readonly request?: string;
  /** What is wrong where: members of the body as JSON pointers, parameters and headers by name. */
  readonly errors?: readonly { readonly at: string; readonly detail: string }[];
  /** The answer for each recipient, if a message was refused for all of them. */
  readonly recipients?: readonly unknown[];
  readonly cause?: unknown;
  /** The connection cannot be used after this answer. */
  readonly close?: true;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  /** In kebab-case: the end of `urn:sluis:problem:`. */
  readonly kind: string;
  readonly title: string;
  readonly members: ProblemMembers;

  constructor(status: number, kind: string, title: string, detail: string, members: ProblemMembers = {}) {
    super(detail, defined({ cause: members.cause }));
    this.status = status;
    this.kind = kind;
    this.title = title;
    this.members = members;
  }

  /** The body of the answer. */
  json(): Readonly<Record<string, unknown>> {
    const { code, request, errors, recipients } = this.members;
    return {
      type: `urn:sluis:problem:${this.kind}`,
      title: this.title,
      status: this.status,
      detail: this.message,
      ...defined({ code, request, errors, recipients }),
    };
  }
}

/**
 * `throw problem(409, 'in-use', 'The mailbox is in use', 'Another session ...', { retryAfter: 30 })`
 */
export const problem = (...said: ConstructorParameters<typeof Problem>): Problem => new Problem(...said);

/** The same answer for what does not exist and for what the caller may not see. */
export const notFound = (): Problem =>
  problem(404, 'not-found', 'Not found', 'It does not exist, or you may not see it; correct the path or the id in it');

export const malformed = (detail: string, members: ProblemMembers = {}): Problem =>
  problem(400, 'malformed', 'The request is malformed', detail, members);

const RETRY = 60;

const ADMIN: Readonly<Record<AdminErrorKind, readonly [number, string]>> = {
  invalid: [422, 'A value cannot be used'],
  unknown: [404, 'Not found'],
  exists: [409, 'It exists already'],
  ended: [409, 'It has ended'],
  conflict: [409, 'Something is in the way'],
  unavailable: [503, 'Not available now'],
  approval: [409, 'A second person must approve'],
  forbidden: [403, 'Not allowed'],
  unusable: [422, 'It cannot be used'],
  store: [503, 'The store does not answer'],
  failed: [500, 'Something went wrong'],
};

/**
 * Status, kind and title for a refused submission. They say what a client can do, by the class and
 * the subject of the refusal's code (RFC 3463).
 */
function refusedAs({ reply, status }: Refusal): readonly [number, string, string] {
  if (status === '4.7.1') return [429, 'too-many', 'Too many requests now'];
  if (status === '4.3.1') return [507, 'no-room', 'No space now'];
  if (reply < 500) return [503, 'try-again', 'Not accepted now'];
  if (reply === 552) return [413, 'too-large', 'The message is too large'];
  if (status.startsWith('5.7.')) return [403, 'refused', 'Not allowed'];
  return [422, 'refused', 'The message is refused'];
}

/** A refused submission, with its own code and text. */
export function refused(refusal: Refusal, members: ProblemMembers = {}): Problem {
  const [status, kind, title] = refusedAs(refusal);
  const retryAfter = status === 429 || status === 503 || status === 507 ? RETRY : undefined;
  return problem(status, kind, title, refusal.text, { ...defined({ retryAfter }), code: refusal.status, ...members });
}

const NOTHING_DONE = 'Nothing was done; try again later';
const UNKNOWN =
  'The gateway does not know whether it was done; look, or send the same again: with its Idempotency-Key a message is not sent twice';

/** Turns any error into a Problem. `request`: number of the request, which the log has too. */
export function problemOf(error: unknown, request: string): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof AdminError && error.kind !== 'failed') {
    const [status, title] = ADMIN[error.kind];
    const retryAfter = status === 503 ? RETRY : undefined;
    return problem(
      status,
      kindOf(error.kind),
      title,
      forPrograms(error.message),
      defined({ retryAfter, request: error.request }),
    );
  }
  if (error instanceof LoginEnded)
    return problem(
      403,
      'login-ended',
      'Not allowed',
      'The login is no longer valid; nothing was removed, log in again',
    );
  if (error instanceof StoreFull || error instanceof StoreFailed || error instanceof StoreUnavailable)
    return problem(
      503,
      'store',
      'The store does not answer',
      error instanceof OutcomeUnknown ? UNKNOWN : NOTHING_DONE,
      {
        retryAfter: RETRY,
        cause: error,
      },
    );
  return problem(
    500,
    'failed',
    'Something went wrong',
    `An internal error; tell the helpdesk the number of this request: ${request}`,
    { cause: error },
  );
}

const kindOf = (kind: AdminErrorKind): string => (kind === 'unknown' ? 'not-found' : kind);
