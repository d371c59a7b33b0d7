/**
 * Approval by a second person when there is no store to ask in (restore, store move). The request
 * and its signatures stand in a file that people pass on. What is signed, and what makes an
 * approval, is the same as everywhere (crypto/trail/approval.ts). The request ends some time after
 * it was asked; that moment is signed.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  type Approvers,
  approvalStatement,
  approversOf,
  canonicalJson,
  inputHash,
  signApproval,
  signedAtProblem,
} from '../crypto/trail/approval.ts';
import { base32, grouped } from '../crypto/keys/base32.ts';
import {
  type ApprovalRequest,
  type ApprovalSignature,
  MAX_SIGNATURES,
  type Operator,
  REQUEST_LIFETIME,
  type SecondPersonVerb,
  isOperatorName,
} from '../domain/second-person.ts';
import { type Instant, instant } from '../domain/units.ts';
import { systemClock } from '../platform/clock.ts';
import { CommandError } from './exit.ts';
import { newFile } from './new-file.ts';
import type { OwnKey } from './operator-key.ts';

const FORMAT = 'sluis approval request 1';
const MAX_FILE = 64 * 1024;

export interface AskedByFile {
  readonly gateway: string;
  readonly operation: string;
  readonly verb: SecondPersonVerb;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface RequestFile {
  readonly gateway: string;
  readonly request: ApprovalRequest;
  readonly signatures: readonly ApprovalSignature[];
}

export const isRequestFile = (path: string): boolean => path.endsWith('.json') && existsSync(path);

const write = ({ gateway, request, signatures }: RequestFile): string =>
  `${JSON.stringify(
    {
      format: FORMAT,
      gateway,
      request,
      signatures: signatures.map((s) => ({ ...s, signature: Buffer.from(s.signature).toString('base64') })),
    },
    null,
    2,
  )}\n`;

export function readRequestFile(path: string): RequestFile {
  const refuse = (why: string): never => {
    throw new CommandError('usage', `Cannot use "${path}" as a request: ${why}; ask again with another file`);
  };
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8').slice(0, MAX_FILE)) as typeof raw;
  } catch (error) {
    return refuse((error as NodeJS.ErrnoException).code ?? 'it is not JSON');
  }
  const { format, gateway, request, signatures } = raw;
  if (format !== FORMAT || typeof gateway !== 'string') return refuse(`expected the format "${FORMAT}"`);
  const asked = (request ?? {}) as Record<keyof ApprovalRequest, unknown>;
  const texts = [asked.id, asked.operation, asked.input, asked.askedBy, asked.reason];
  if (!texts.every((text) => typeof text === 'string') || typeof asked.askedAt !== 'number')
    return refuse('a part of the request is missing');
  const list = Array.isArray(signatures) ? (signatures as Record<string, unknown>[]).slice(0, MAX_SIGNATURES) : [];
  return {
    gateway,
    // The end in the file is not signed, so it is computed again.
    request: { ...(asked as unknown as ApprovalRequest), endsAt: instant(asked.askedAt + REQUEST_LIFETIME) },
    signatures: list.map(({ fingerprint, at, signature }) => ({
      fingerprint: String(fingerprint),
      at: instant(Number(at)),
      signature: Buffer.from(String(signature), 'base64'),
    })),
  };
}

/** Writes the request. Always throws CommandError, since nothing was done yet. */
export function askByFile(path: string, asked: AskedByFile, askedBy: string, reason: string): never {
  const { gateway, operation, verb } = asked;
  const askedAt = systemClock.now();
  const request = {
    id: base32(randomBytes(5)),
    operation,
    verb,
    input: canonicalJson(asked.input),
    askedBy,
    reason,
    askedAt,
    endsAt: instant(askedAt + REQUEST_LIFETIME),
  };
  newFile(path, 0o644).write(write({ gateway, request, signatures: [] }));
  throw new CommandError(
    'approval',
    `${operation} needs a second person. The request is in "${path}", for an hour. Two operators of that gateway sign it: sluis approve ${path} --operator NAME --key FILE. Then run this command again`,
  );
}

/** Adds a signature. Whether `name` is an operator is checked when the approval is used. */
export function signFile(path: string, name: string, { key, fingerprint }: OwnKey): number {
  if (!isOperatorName(name)) throw new CommandError('usage', `Cannot sign as "${name}": give --operator NAME, yours`);
  const file = readRequestFile(path);
  const others = file.signatures.filter((one) => one.fingerprint !== fingerprint);
  const at = systemClock.now();
  const late = signedAtProblem(file.request, at);
  if (late !== undefined) throw new CommandError('conflict', `Cannot sign "${path}": ${late}`);
  const signature = signApproval(approvalStatement(file.gateway, file.request, name, at), key);
  const signatures = [...others, { fingerprint, at, signature }];
  writeFileSync(path, write({ ...file, signatures }));
  return signatures.length;
}

/**
 * The two operators who approved exactly this. `whose` says where the operators are registered,
 * such as `in the backup`.
 */
export function approvedByFile(
  path: string,
  asked: AskedByFile,
  operators: readonly Operator[],
  now: Instant,
  whose: string,
): Approvers & { readonly reason: string } {
  const { request, signatures } = readRequestFile(path);
  const refuse = (code: 'usage' | 'conflict' | 'approval', why: string): never => {
    throw new CommandError(code, `Cannot use approval "${path}" for ${asked.operation}: ${why}`);
  };
  const input = canonicalJson(asked.input);
  if (request.operation !== asked.operation || request.input !== input)
    return refuse(
      'usage',
      `it is for something else (SHA-256 ${inputHash(request.input).slice(0, 16)}, wanted ${inputHash(input).slice(0, 16)}); run exactly what was asked for, or ask again with another file`,
    );
  const time = (at: Instant): string => new Date(at).toISOString();
  if (request.askedAt > now + REQUEST_LIFETIME)
    return refuse(
      'conflict',
      `it was asked at ${time(request.askedAt)}, and by the clock of this machine it is ${time(now)}; set the clock that is wrong, or ask again with another file`,
    );
  if (now >= request.endsAt)
    return refuse(
      'conflict',
      `it ended at ${time(request.endsAt)}, and by the clock of this machine it is ${time(now)}; ask again with another file`,
    );
  const by = approversOf(asked.gateway, request, signatures, operators);
  if (!by.ok)
    return refuse('approval', `${by.error}, and two must, of the operators ${whose} (request ${grouped(request.id)})`);
  return { ...by.value, reason: request.reason };
}
