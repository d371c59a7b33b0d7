/** What claims-kill9.test.ts does, on either engine. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { between } from '../../support/chance.ts';
import { HttpWire } from '../../support/http-wire.ts';
import { type Instance, type ServeOptions, addressOf, freePort, loginOf } from '../../support/instance.ts';
import { Ledger } from '../../support/ledger.ts';
import { SmtpClient } from '../../support/smtp-client.ts';
import type { Cleanup } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { WireEnded } from '../../support/wire.ts';
import type { FaultEngine } from './engine.ts';

interface Scene {
  readonly engine: FaultEngine;
  readonly instance: Instance;
  readonly api: number;
}

const MESSAGES = 24;
const WORKERS = 4;

interface Claimed {
  readonly id?: string;
  readonly messages: readonly { readonly id: string }[];
}

/** What the workers know. */
export class Work {
  /** Their acknowledgement was answered. */
  readonly done = new Set<string>();
  /** It was sent, and the line broke. */
  readonly unknown = new Set<string>();
  /** Claimed, although their acknowledgement had been answered. */
  readonly again: string[] = [];
  /** Two workers had them at once. */
  readonly shared: string[] = [];
  /** In this round. */
  empty = 0;
  answered = 0;
  tell: () => void = () => undefined;
  #held = new Set<string>();

  /** The gateway was killed: nobody has anything. */
  begin(): void {
    this.#held = new Set();
    this.empty = 0;
    this.answered = 0;
  }

  claimed(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.done.has(id)) this.again.push(id);
      if (this.#held.has(id)) this.shared.push(id);
      this.#held.add(id);
    }
  }

  acknowledged(id: string): void {
    this.done.add(id);
    this.unknown.delete(id);
    this.#held.delete(id);
    this.answered += 1;
    this.tell();
  }
}

async function worker(client: HttpWire, work: Work): Promise<void> {
  for (;;) {
    const claim = (await client.ask('POST', '/mailbox/claims', { most: 3 })).json as Claimed;
    const ids = claim.messages.map(({ id }) => id);
    work.claimed(ids);
    // Nothing is left, or enough is known.
    if (ids.length === 0 || work.again.length > 0) {
      work.empty += 1;
      work.tell();
      return;
    }
    for (const id of ids) {
      const { status } = await client.ask('GET', `/mailbox/messages/${id}/content`, undefined, () => undefined);
      assert.equal(status, 200);
    }
    for (const id of ids) {
      work.unknown.add(id);
      const body = { messageIds: [id] };
      const { status } = await client.ask('POST', `/mailbox/claims/${claim.id}/acknowledgements`, body);
      assert.equal(status, 200);
      work.acknowledged(id);
    }
  }
}

/** Until nothing is left, killed again and again. Resolves to the rounds it took. */
export async function emptied(
  { engine, instance, api }: Scene,
  work: Work,
  options: ServeOptions = {},
): Promise<number> {
  for (let round = 1; round < 60; round += 1) {
    const served = await engine.serve(instance, options);
    await until('the listener of the API', async () => (await connects(api)) || served.over);
    work.begin();
    const target = { ...instance.target('pop3s'), port: api };
    const workers = Array.from({ length: WORKERS }, async () => {
      const client = await HttpWire.open(target, loginOf('anna'));
      await worker(client, work).finally(() => client.wire.destroy());
    });
    const all = Promise.all(workers);
    all.catch(() => undefined);
    const enough = between(2, 7);
    while (work.answered < enough && work.empty < WORKERS)
      await Promise.race([all, new Promise<void>((resolve) => (work.tell = resolve))]);
    await engine.kill(served);
    const ends = await Promise.allSettled(workers);
    for (const end of ends)
      if (end.status === 'rejected' && !(end.reason instanceof WireEnded)) throw end.reason as Error;
    if (work.empty === WORKERS) return round;
  }
  throw new Error('the mailbox was not emptied in 60 rounds');
}

async function connects(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function filled(t: Cleanup, engine: FaultEngine): Promise<Scene> {
  const api = await freePort();
  const listener = `[[listener]]\nname = "api"\nprotocol = "https"\naddress = "127.0.0.1"\nport = ${api}\ntls = "implicit"\n`;
  const instance = await engine.make(t, ['sender', 'anna'], listener);
  const served = await engine.serve(instance);
  const sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
  const ledger = new Ledger(addressOf('sender'));
  for (let n = 0; n < MESSAGES; n += 1)
    await sender.submit(addressOf('sender'), [addressOf('anna')], ledger.compose(2000).wire, { pipelined: true });
  sender.wire.destroy();
  assert.equal(await served.stop(), 0);
  return { engine, instance, api };
}

export function claimKillTest(engine: FaultEngine): void {
  test(
    `${engine.name}: each message is acknowledged once, whenever the gateway is killed`,
    { timeout: 110_000 },
    async (t) => {
      const scene = await filled(t, engine);
      const { instance } = scene;
      const work = new Work();
      const rounds = await emptied(scene, work);
      t.diagnostic(`${rounds} rounds, ${work.done.size} answered, ${work.unknown.size} of which the answer was lost`);
      assert.ok(rounds >= 3, 'killed too seldom to prove anything');
      assert.deepEqual([work.again, work.shared], [[], []]);
      assert.equal(work.done.size + work.unknown.size, MESSAGES, 'and none is lost');
      const removed = `event = 'message.collected' AND facts LIKE '%"removed":true%'`;
      assert.equal(await engine.count(instance, `SELECT count(*) FROM audit WHERE ${removed}`), MESSAGES);
      assert.equal(
        await engine.count(instance, `SELECT count(DISTINCT message) FROM audit WHERE ${removed}`),
        MESSAGES,
      );
      assert.equal(await engine.count(instance, 'SELECT count(*) FROM entry'), 0);
    },
  );
}
