/** The floor server as a process of its own, driven and measured in the same way as the gateway. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Instance } from '../../test/support/instance.ts';
import type { WireTarget } from '../../test/support/wire.ts';

export class Floor {
  readonly #child: ChildProcess;
  readonly #target: WireTarget;

  private constructor(child: ChildProcess, target: WireTarget) {
    this.#child = child;
    this.#target = target;
  }

  /**
   * Starts it with the certificate of the instance and a file in the instance's folder, so that
   * both use the same disk.
   */
  static async start(instance: Instance): Promise<Floor> {
    const program = fileURLToPath(new URL('floor.ts', import.meta.url));
    const certificate = (name: string): string => join(instance.folder, 'certs-dev', name);
    const options = [certificate('server-key.pem'), certificate('server.pem'), join(instance.folder, 'floor.bin')];
    const child = spawn(process.execPath, [program, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [port] = (await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'close').then(() => Promise.reject(new Error('the floor server ended at its start'))),
    ])) as [Buffer];
    return new Floor(child, { ...instance.target('submissions'), port: Number(String(port)) });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  target(): WireTarget {
    return this.#target;
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin?.end();
    await closed;
  }
}
