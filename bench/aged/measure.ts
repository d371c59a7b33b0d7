/**
 * The measurements that are compared. Each gives the time of one piece of work and, if a gateway
 * runs, the gateway's processor time for it.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TakenView } from '../../src/backup/views.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openStore } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Instance, Served } from '../../test/support/instance.ts';
import { sluis } from '../accounts/command.ts';
import { cpuOf } from '../gauge.ts';
import { type Outcome, discard, logInOnce, pickUp, poll, submit } from '../load.ts';

/** Milliseconds for one piece of work: a message, a session, a megabyte, or the whole. */
export interface Took {
  readonly elapsed: number;
  /** Processor time of all threads of the gateway or the command. */
  readonly cpu?: number;
}

export interface Sizes {
  /** Messages of a round, over one connection and over eight. */
  readonly messages: number;
  readonly listed: number;
}

const PATIENCE = 120_000;

/** One gateway on a store, driven as in the other benchmarks. */
export class Subject {
  readonly instance: Instance;
  readonly #names: readonly string[];
  readonly #hoarder: string;
  readonly #sizes: Sizes;
  #served: Served | undefined;

  constructor(instance: Instance, names: readonly string[], hoarder: string, sizes: Sizes) {
    this.instance = instance;
    this.#names = names;
    this.#hoarder = hoarder;
    this.#sizes = sizes;
  }

  async serve(): Promise<void> {
    this.#served = await this.instance.serve();
    await logInOnce(this.instance, [...this.#names, this.#hoarder], 8);
  }

  async stop(): Promise<void> {
    const code = await this.#served?.stop();
    this.#served = undefined;
    if (code !== undefined && code !== 0) throw new Error(`the gateway ended with ${code}`);
  }

  async #cost(work: () => Promise<Outcome>): Promise<Took> {
    const pid = this.#served?.pid ?? 0;
    const cpu = cpuOf(pid);
    const { done, milliseconds } = await work();
    return { elapsed: milliseconds / done, cpu: (cpuOf(pid) - cpu) / done };
  }

  async submit(connections: number, messages = this.#sizes.messages): Promise<Took> {
    const work = { connections, perConnection: 100, size: 10_240, turns: this.#names, limit: messages };
    return await this.#cost(async () => await submit(this.instance, { ...work, milliseconds: PATIENCE }));
  }

  /** Collects what `submit` put into the maildrops. */
  async pickUp(): Promise<Took> {
    return await this.#cost(async () => await pickUp(this.instance, this.#names));
  }

  async poll(milliseconds: number): Promise<Took> {
    const work = { concurrency: 1, names: [this.#hoarder], uidl: true, expect: this.#sizes.listed, milliseconds };
    return await this.#cost(async () => await poll(this.instance, work));
  }

  /**
   * From the start of the process to its greeting, after a kill that left a write-ahead log to be
   * copied back.
   */
  async startAfterKill(): Promise<Took> {
    await this.submit(8, 500);
    await this.#served?.kill();
    const began = performance.now();
    this.#served = await this.instance.serve();
    const took = { elapsed: performance.now() - began, cpu: cpuOf(this.#served.pid) };
    await discard(this.instance, this.#names);
    return took;
  }

  /** The time of a sweep for each message that it removes. No gateway may run. */
  async sweep(): Promise<Took> {
    const log = createLog({ level: 'error', format: 'pretty' });
    const store = await openStore(loadConfig(this.instance.config), { clock: systemClock, log });
    try {
      const [began, cpu] = [performance.now(), process.cpuUsage()];
      const { messages } = await store.sweep();
      const elapsed = performance.now() - began;
      const { user, system } = process.cpuUsage(cpu);
      if (messages === 0) throw new Error('the sweep found nothing to remove');
      return { elapsed: elapsed / messages, cpu: (user + system) / 1000 / messages };
    } finally {
      await store.close();
    }
  }

  /**
   * The time for each megabyte of the database: a backup beside the running gateway, then its
   * restore. No gateway runs at the end.
   */
  async backupAndRestore(
    start: number,
  ): Promise<{ readonly backup: Took; readonly restore: Took; readonly octets: number }> {
    const folder = join(this.instance.folder, 'backups');
    mkdirSync(folder);
    const cpu = cpuOf(this.#served?.pid ?? 0);
    const { tail } = await sluis(this.instance, ['backup', 'take', folder, '--json']);
    // A warning may stand beside the JSON.
    const taken = JSON.parse(tail.slice(tail.indexOf('{'), tail.lastIndexOf('}') + 1)) as TakenView;
    const used = cpuOf(this.#served?.pid ?? 0) - cpu;
    await this.stop();
    rmSync(this.instance.data, { recursive: true });
    const restored = await sluis(this.instance, ['restore', taken.path, '--reason', 'measured']);
    const megabytes = taken.octets / 1e6;
    return {
      backup: { elapsed: (taken.seconds * 1000) / megabytes, cpu: used / megabytes },
      restore: { elapsed: (restored.seconds * 1000 - start) / megabytes },
      octets: taken.octets,
    };
  }
}
