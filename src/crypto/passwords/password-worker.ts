/**
 * The thread in which sha512-crypt is computed: see `password.ts`. One request, one answer, in
 * order.
 */
import { parentPort } from 'node:worker_threads';
import { sha512crypt } from './password-sha512crypt.ts';

export interface CryptRequest {
  readonly id: number;
  readonly password: Uint8Array;
  readonly salt: string;
  readonly rounds: number;
}

export interface CryptAnswer {
  readonly id: number;
  readonly digest: string;
}

parentPort?.on('message', (request: CryptRequest) => {
  const answer: CryptAnswer = {
    id: request.id,
    digest: sha512crypt(request.password, request.salt, request.rounds),
  };
  parentPort?.postMessage(answer);
});
