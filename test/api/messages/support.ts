/**
 * `POST` and `GET /messages` on a store of the test's own, without a listener: what the server does
 * around them is tested with it.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { octets } from '../../../src/domain/units.ts';
import type { Streamed } from '../../../src/api/core/body.ts';
import type { JsonAnswer } from '../../../src/api/core/answer.ts';
import { Problem } from '../../../src/api/core/problem.ts';
import type { Asked, Route } from '../../../src/api/core/route.ts';
import type { ApiServices } from '../../../src/api/core/services.ts';
import { getMessage } from '../../../src/api/messages/get.ts';
import { sendMessageRoute } from '../../../src/api/messages/post.ts';
import { HourlyCount } from '../../../src/submission/limits.ts';
import type { SubmissionServices } from '../../../src/submission/transaction.ts';
import { type TestStore, addAccount, messagesIn, openTestStore, readAll } from '../../support/store.ts';

export const HEADER = 'From: Anna <anna@group.test>\r\nTo: bram@group.test\r\nSubject: x\r\nMessage-ID: <1@x>\r\n';
export const MESSAGE = `${HEADER}Date: Wed, 25 Nov 2026 12:00:00 +0000\r\n\r\nhello\r\n`;

export interface Said {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Asking {
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
  /** Where the octets are cut. */
  readonly piece?: number;
  readonly as?: string;
}

export class TestMessages {
  readonly opened: TestStore;
  readonly #services: ApiServices;
  /** How messages ended, as metrics count them. */
  readonly ended: string[] = [];

  constructor(opened: TestStore, more: Partial<SubmissionServices> = {}) {
    this.opened = opened;
    const { store, clock, log } = opened;
    const counted = (): HourlyCount => new HourlyCount(clock);
    const submission: SubmissionServices = {
      ...{ store, clock, log, hostname: 'mail.test', maxMessage: octets(1_000_000), maxRecipients: 100 },
      counts: { messages: counted(), octets: counted(), recipients: counted(), unknown: counted(), tests: counted() },
      ended: (outcome) => void this.ended.push(outcome),
      ...more,
    };
    this.#services = {
      ...{ store, clock, log, submission, hostname: 'mail.test', random: randomBytes },
      limits: { message: 1_000_000 },
    } as unknown as ApiServices;
  }

  static async open(t: TestContext, more: Partial<SubmissionServices> = {}): Promise<TestMessages> {
    const opened = await openTestStore(t);
    for (const name of ['anna', 'bram', 'chris']) await addAccount(opened.store, name);
    return new TestMessages(opened, more);
  }

  async post(body: string | Buffer, asking: Asking = {}): Promise<Said> {
    const { type = 'message/rfc822', headers = {}, key = randomUUID(), piece = 1 << 16 } = asking;
    const given = Buffer.from(body);
    const stream: Streamed = { type, parameters: new Map(), octets: cut(given, piece), length: given.length };
    return await this.#run(sendMessageRoute, asking, { headers, body: { stream }, idempotencyKey: key });
  }

  /** The client goes before the end. */
  async broken(body: string, { key = randomUUID() }: Asking = {}): Promise<Said> {
    async function* half(): AsyncGenerator<Buffer> {
      yield* cut(Buffer.from(body.slice(0, -4)), 10);
      throw new Error('the client has gone');
    }
    const stream: Streamed = { type: 'message/rfc822', parameters: new Map(), octets: half() };
    return await this.#run(sendMessageRoute, {}, { body: { stream }, idempotencyKey: key });
  }

  json(body: unknown, asking: Asking = {}): Promise<Said> {
    return this.post(JSON.stringify(body), { type: 'application/json', ...asking });
  }

  async get(messageId: unknown, asking: Asking = {}): Promise<Said> {
    return await this.#run(getMessage, asking, { params: { messageId } });
  }

  /** What stands in a mailbox, as it would be handed out. */
  async inbox(name: string): Promise<string[]> {
    const { store } = this.opened;
    const record = await store.registry.findLogin(name);
    assert.ok(record);
    const found: string[] = [];
    for (const id of await messagesIn(store, record.account.id)) {
      const content = await store.deliveries.openMessage(id);
      found.push(content === undefined ? '' : (await readAll(content)).toString('latin1'));
    }
    return found;
  }

  async #run(route: Route, { as = 'anna' }: Asking, asked: Partial<Asked>): Promise<Said> {
    const record = await this.opened.store.registry.findLogin(as);
    assert.ok(record);
    const caller = { kind: 'account', ...record, by: 'password', scopes: new Set(['send', 'fetch']) };
    const remote = { session: 's1', address: '192.0.2.7', network: '192.0.2.0', listener: 'api', tls: 'TLSv1.3' };
    try {
      const answer = await route.run(
        {
          ...{ id: 'r1', params: {}, query: {}, headers: {}, caller, remote, accepts: '', signal: NEVER },
          stands: () => Promise.resolve(true),
          ...asked,
        } as Asked,
        this.#services,
      );
      return { status: answer.status, json: (answer as JsonAnswer).json as Said['json'] };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { status: error.status, json: error.json() };
    }
  }
}

const NEVER = new AbortController().signal;

async function* cut(octetsGiven: Buffer, piece: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < octetsGiven.length; at += piece) yield Buffer.from(octetsGiven.subarray(at, at + piece));
}
