/** Operators: who they are, what waits for them, and their signatures under it. */
import { inputHash, noOperatorHas, signatureProblem } from '../crypto/approval.ts';
import { grouped } from '../crypto/base32.ts';
import { fingerprintOf, readOperatorKey } from '../crypto/operator-key.ts';
import { isOperatorName } from '../domain/second-person.ts';
import { instant } from '../domain/units.ts';
import type { ApprovalRecord, OperatorRecord } from '../store/operators.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { type Input, pem, text } from './input.ts';
import { change, listing, withSecond } from './operation.ts';
import { noteRefused, requestOf } from './second-person.ts';

export interface OperatorView {
  readonly name: string;
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly addedAt: string;
}

export interface RequestView {
  readonly id: string;
  readonly gateway: string;
  readonly operation: string;
  readonly verb: string;
  /** Canonical JSON: what is signed is its hash. */
  readonly input: string;
  readonly hash: string;
  readonly askedBy: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly askedAt: string;
  readonly endsAt: string;
  /** Names of the operators that have signed. */
  readonly signedBy: readonly string[];
  /** Whose key has the fingerprint that was asked for. */
  readonly operator?: string;
}

export interface SignedView {
  readonly id: string;
  readonly operator: string;
  /** Signatures that are still missing. */
  readonly missing: number;
}

const viewOperator = ({ name, fingerprint, addedAt }: OperatorRecord): OperatorView => ({
  name,
  fingerprint,
  addedAt: new Date(addedAt).toISOString(),
});

function viewRequest(
  { partners }: AdminContext,
  request: ApprovalRecord,
  operators: readonly OperatorRecord[],
): RequestView {
  const { id, operation, verb, input, askedBy, reason, askedAt, endsAt, signatures } = request;
  return {
    id,
    operation,
    verb,
    input,
    askedBy,
    reason,
    gateway: partners.hostname,
    hash: inputHash(input),
    askedAt: new Date(askedAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    signedBy: signatures.flatMap(
      ({ fingerprint }) => operators.find((operator) => operator.fingerprint === fingerprint)?.name ?? [],
    ),
  };
}

function operatorName(input: Input): string {
  const name = text(input, 'name');
  if (isOperatorName(name)) return name;
  throw new AdminError(
    'invalid',
    `Cannot use "${name.slice(0, 80)}" as an operator's name: expected 1 to 32 characters a-z, 0-9, - and ., such as jan.devries`,
  );
}

interface Signing {
  readonly id: string;
  readonly fingerprint: string;
  readonly at: number;
  readonly signature: Buffer;
}

function signingOf(input: Input): Signing {
  const { at } = input;
  if (typeof at !== 'number' || !Number.isSafeInteger(at))
    throw new AdminError('invalid', 'Cannot use that as the time of a signature: expected milliseconds since 1970');
  const signature = Buffer.from(text(input, 'signature', 1024), 'base64');
  return { id: text(input, 'id', 32), fingerprint: text(input, 'fingerprint', 64), at, signature };
}

async function sign(context: AdminContext, { id, ...given }: Signing, call: Call): Promise<SignedView> {
  const { store, partners } = context;
  const request = await requestOf(context, id);
  const operators = await store.operators.list();
  const operator = operators.find(({ fingerprint }) => fingerprint === given.fingerprint);
  const signature = { ...given, at: instant(given.at) };
  const problem =
    operator === undefined
      ? noOperatorHas(given.fingerprint)
      : signatureProblem(partners.hostname, request, signature, operator);
  if (operator === undefined || problem !== undefined) {
    noteRefused(context, request, call, problem ?? '');
    throw new AdminError('invalid', `Cannot take a signature under request ${grouped(request.id)}: ${problem ?? ''}`);
  }
  await store.operators.sign(request.id, signature, call.actor);
  const signed = new Set(viewRequest(context, request, operators).signedBy).add(operator.name);
  return { id: request.id, operator: operator.name, missing: Math.max(0, 2 - signed.size) };
}

export const operatorOperations = {
  'operator.list': listing(
    () => undefined,
    async ({ store }): Promise<readonly OperatorView[]> => (await store.operators.list()).map(viewOperator),
  ),
  'operator.add': withSecond(
    'operator',
    change(
      (input) => ({ name: operatorName(input), key: pem(input, 'public key') }),
      async ({ store }, { name, key }, { actor }): Promise<{ readonly name: string; readonly fingerprint: string }> => {
        const read = readOperatorKey(key);
        if (!read.ok) throw new AdminError('invalid', `Cannot use the public key of operator "${name}": ${read.error}`);
        const fingerprint = fingerprintOf(read.value);
        await store.operators.add({ name, fingerprint, publicKey: read.value }, actor);
        return { name, fingerprint };
      },
    ),
  ),
  'operator.remove': withSecond(
    'operator',
    change(operatorName, async ({ store }, name, { actor }): Promise<{ readonly name: string }> => {
      await store.operators.remove(name, actor);
      return { name };
    }),
  ),
  'approval.list': listing(
    () => undefined,
    async (context): Promise<readonly RequestView[]> => {
      const operators = await context.store.operators.list();
      return (await context.store.operators.waiting()).map((request) => viewRequest(context, request, operators));
    },
  ),
  'approval.show': listing(
    (input) => ({ id: text(input, 'id', 32), key: text(input, 'fingerprint', 64) }),
    async (context, { id, key }): Promise<RequestView> => {
      const operators = await context.store.operators.list();
      const operator = operators.find(({ fingerprint }) => fingerprint === key)?.name;
      const view = viewRequest(context, await requestOf(context, id), operators);
      return operator === undefined ? view : { ...view, operator };
    },
  ),
  'approval.sign': change(signingOf, sign),
};
