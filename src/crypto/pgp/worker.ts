/**
 * The OpenPGP thread: one job a port, content in slices. The library is loaded here alone, so that
 * no session waits for it.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { decrypt, encrypt, readers, sign, verify } from './content-work.ts';
import { PgpFailure } from './failure.ts';
import { lockKey, makeKey, mergeKeys, readKeys, revokeKey } from './keys-work.ts';
import type { PgpAnswers, PgpHears, PgpJob, PgpJobKind, PgpSays } from './protocol.ts';

export interface PgpRequest {
  readonly job: PgpJob;
  readonly port: MessagePort;
}

/** The main thread's end of a job: asks for content, gives content. */
class Peer {
  readonly #port: MessagePort;
  /** A job can ask for content and give content at the same time. */
  readonly #waiting = new Map<'content' | 'taken', (heard: PgpHears) => void>();

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (heard: PgpHears) => {
      if ('stop' in heard) this.#stop();
      else this.#hear('taken' in heard ? 'taken' : 'content', heard);
    });
    port.on('close', () => this.#stop());
  }

  #hear(which: 'content' | 'taken', heard: PgpHears): void {
    const waiting = this.#waiting.get(which);
    this.#waiting.delete(which);
    waiting?.(heard);
  }

  #stop(): void {
    this.#hear('content', { stop: true });
    this.#hear('taken', { stop: true });
  }

  async #ask(which: 'content' | 'taken', said: PgpSays, transfer: ArrayBuffer[] = []): Promise<PgpHears> {
    const heard = await new Promise<PgpHears>((resolve) => {
      this.#waiting.set(which, resolve);
      this.#port.postMessage(said, transfer);
    });
    if ('stop' in heard) throw new PgpFailure('busy', 'The job was given up');
    return heard;
  }

  async *input(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const heard = await this.#ask('content', { more: true });
      if (!('slice' in heard)) return;
      yield heard.slice;
    }
  }

  give = async (slice: Uint8Array): Promise<void> => {
    const own = new Uint8Array(slice);
    await this.#ask('taken', { slice: own }, [own.buffer]);
  };

  end(said: PgpSays): void {
    this.#port.postMessage(said);
    this.#port.close();
  }
}

async function answer(job: PgpJob, peer: Peer): Promise<PgpAnswers[PgpJobKind]> {
  switch (job.kind) {
    case 'read-keys':
      return await readKeys(job);
    case 'merge-keys':
      return await mergeKeys(job);
    case 'make-key':
      return await makeKey(job);
    case 'revoke-key':
      return await revokeKey(job);
    case 'lock-key':
      return await lockKey(job);
    case 'readers':
      return await readers(peer.input());
    case 'sign':
      return await sign(job, peer.input());
    case 'encrypt':
      return await encrypt(job, peer.input(), peer.give);
    case 'verify':
      return await verify(job, peer.input());
    case 'decrypt':
      return await decrypt(job, peer.input(), peer.give);
  }
}

async function serve({ job, port }: PgpRequest): Promise<void> {
  const peer = new Peer(port);
  try {
    peer.end({ done: await answer(job, peer) });
  } catch (error) {
    const failure = error instanceof PgpFailure ? error : new PgpFailure('malformed', String(error));
    peer.end({ failed: { kind: failure.kind, text: failure.message } });
  }
}

parentPort?.on('message', (request: PgpRequest) => void serve(request));
