/**
 * The private key of an operator, who keeps it himself. It is read from a file for one signature,
 * and the gateway sees only the signature.
 */
import { type KeyObject, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AdminError } from '../admin/error.ts';
import type { Input } from '../admin/input.ts';
import type { RequestView, SignedView } from '../commands/approval-views.ts';
import { approvalStatement, inputHash, signApproval } from '../crypto/trail/approval.ts';
import { grouped } from '../crypto/keys/base32.ts';
import { fingerprintOf, readOperatorPrivateKey, spkiOf } from '../crypto/trail/operator-key.ts';
import type { SecondPersonVerb } from '../domain/second-person.ts';
import { instant } from '../domain/units.ts';
import { systemClock } from '../platform/clock.ts';
import { CommandError } from './exit.ts';
import { readOpeningPassword } from './secret.ts';
import { type Terminal, processTerminal } from './terminal.ts';

/** Calls an operation by its name. */
export type Calls = <T>(operation: string, input: Input) => Promise<T>;

interface Client {
  readonly call: (...given: never[]) => Promise<unknown>;
}

export interface OwnKey {
  readonly key: KeyObject;
  readonly fingerprint: string;
}

export async function readOwnKey(terminal: Terminal, path: string, passphraseFile?: string): Promise<OwnKey> {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8').slice(0, 64 * 1024);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `Cannot read the key "${path}": ${code ?? String(error)}; name your private key`);
  }
  let read = readOperatorPrivateKey(pem);
  if (!read.ok && read.error === 'passphrase')
    read = readOperatorPrivateKey(pem, await readOpeningPassword(terminal, passphraseFile));
  if (read.ok) return { key: read.value, fingerprint: fingerprintOf(spkiOf(createPublicKey(read.value))) };
  throw new CommandError(
    'usage',
    read.error === 'passphrase'
      ? `Cannot open the key "${path}": the passphrase is another one; try again`
      : `Cannot use the key "${path}": expected an Ed25519 or ECDSA private key in PEM (PKCS #8), such as "sluis operator key" makes`,
  );
}

/**
 * The request as the gateway shows it, and the name of the operator with this key. Throws if its
 * hash does not belong to what is shown, because the hash is what gets signed.
 */
export async function requestFor(call: Calls, id: string, { fingerprint }: OwnKey): Promise<RequestView> {
  const request = await call<RequestView>('approval.show', { id, fingerprint });
  if (request.operator === undefined)
    throw new AdminError(
      'unknown',
      `Cannot sign request ${grouped(request.id)}: no operator is registered with this key (${fingerprint}); "sluis operator list" shows those that are`,
    );
  if (inputHash(request.input) !== request.hash)
    throw new AdminError('unusable', `Cannot sign request ${grouped(request.id)}: what is shown is not what is asked`);
  return request;
}

export async function signRequest(
  call: Calls,
  { id, operator = '', askedAt, endsAt, verb, askedWith: _, ...shown }: RequestView,
  { key, fingerprint }: OwnKey,
): Promise<SignedView> {
  const at = systemClock.now();
  const moments = { askedAt: instant(Date.parse(askedAt)), endsAt: instant(Date.parse(endsAt)) };
  const request = { ...shown, ...moments, id, verb: verb as SecondPersonVerb };
  const signature = signApproval(approvalStatement(shown.gateway, request, operator, at), key);
  return await call<SignedView>('approval.sign', { id, fingerprint, at, signature: signature.toString('base64') });
}

/**
 * For `--operator-key`: the person who asks for a second person signs the request at once, as the
 * first of the two.
 */
export const signingFirst = <C extends Client>(client: C, path: string): C => ({
  ...client,
  call: (...given: Parameters<C['call']>) =>
    client.call(...given).catch((error: unknown) => signedAfter(client, path, error)),
});

async function signedAfter(client: Client, path: string, error: unknown): Promise<never> {
  if (!(error instanceof AdminError) || error.kind !== 'approval' || error.request === undefined) throw error;
  const own = await readOwnKey(processTerminal(), path);
  const call = client.call.bind(client) as unknown as Calls;
  const request = await requestFor(call, error.request, own);
  if (request.signedBy.includes(request.operator ?? '')) throw error;
  const { operator, missing } = await signRequest(call, request, own);
  const shown = grouped(error.request);
  throw new AdminError(
    'approval',
    missing === 0
      ? `Operator ${operator} signed request ${shown}. Run this command again with --approval ${shown}`
      : `${request.operation} needs a second person. Operator ${operator} has signed request ${shown}. Another operator signs it: sluis approve ${shown} --key FILE. Then run this command again with --approval ${shown}`,
    { request: error.request },
  );
}
