/**
 * Acceptances on a test's PostgreSQL, as a node of its own: one filing line over a few connections.
 */
import { randomBytes } from 'node:crypto';
import type { Effects } from '../../src/store/changes/changed.ts';
import type { AcceptWork } from '../../src/store/changes/accept-work.ts';
import { instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { MessageIds } from '../../src/store/message-ids.ts';
import { type FilingConnection, FilingLine } from '../../src/store/postgres/filing.ts';
import { expectedOf } from '../../src/store/postgres/filing-messages.ts';
import { Writes } from '../../src/store/postgres/filing-tables.ts';
import { Lane } from '../../src/store/postgres/lane.ts';
import { PostgresRunner } from '../../src/store/postgres/runner.ts';
import { ClientConnection, type PostgresClient, clientOf } from './postgres.ts';

/**
 * SQLSTATEs are those of the driver. About its commits, the test's connection says what a session
 * says.
 */
export class FilingNode {
  readonly line: FilingLine;
  readonly told: Effects[] = [];
  readonly clients: readonly PostgresClient[];
  readonly connections: readonly FilingConnection[];

  private constructor(clients: readonly PostgresClient[], node: number) {
    this.clients = clients;
    this.connections = clients.map((client) => {
      const connection = new ClientConnection(client);
      const lane = new Lane({ node, epoch: 1 }, () => 0);
      return { connection, runner: new PostgresRunner(connection), lane };
    });
    const free = [...this.connections];
    const waiting: (() => void)[] = [];
    this.line = new FilingLine({
      connections: clients.length,
      clock: systemClock,
      committed: (effects) => this.told.push(...effects),
      withFiling: async (work) => {
        while (free.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
        const filing = free.pop()!;
        try {
          return await work(filing);
        } finally {
          free.push(filing);
          waiting.shift()?.();
        }
      },
    });
  }

  static async open(
    server: PostgresClient,
    {
      connections = 2,
      node = 0,
      database = 'postgres',
    }: { connections?: number; node?: number; database?: string } = {},
  ): Promise<FilingNode> {
    const clients = await Promise.all(Array.from({ length: connections }, () => clientOf(server, database)));
    return new FilingNode(clients, node);
  }

  async close(): Promise<void> {
    for (const client of this.clients) await client.end();
  }
}

const ids = new MessageIds(0n);
/** The moment of every piece of work. It is fixed, so that windows of time can be tested. */
export const AT = instant(Date.parse('2026-11-28T12:00:00Z'));

export interface WorkOptions extends Partial<AcceptWork> {
  readonly size?: number;
}

/** A message from an account to mailboxes of accounts, whose addresses are `aN@x`. */
export function workOf(from: number, to: readonly number[], { size = 1000, ...more }: WorkOptions = {}): AcceptWork {
  const id = ids.next(AT);
  const keys = to.map((account) => `a${account}@x`);
  const recipients = to.map((mailbox) => ({ address: `a${mailbox}@x`, mailbox }));
  return {
    ...{ id, receivedAt: AT, submitter: from, sender: `a${from}@x`, messageIdField: `<${id}@x>` },
    envelope: JSON.stringify({ body: '8BITMIME', smtpUtf8: false, recipients }),
    ...{ parts: null, octets: size, submitted: size, charged: size, sha256: randomBytes(32), day: '2026-11-28' },
    ...{ dataKey: randomBytes(60), chunks: 0, body: randomBytes(size), submittedHeader: null },
    ...{ mailboxes: to, owners: to, partners: [], keys, uidls: randomBytes(16 * to.length), receipts: [] },
    ...{
      deliveries: [],
      interchanges: [],
      system: false,
      once: null,
      resubmission: null,
      request: null,
      copies: [],
      judged: null,
    },
    audit: [item(id, from)],
    notices: [],
    ...more,
  };
}

/** A message that uses all that acceptances know, which no message of the world does. */
export const workWithAll = (): AcceptWork =>
  workOf(1, [2], {
    ...{ request: { hashes: 'k'.repeat(16) + 'd'.repeat(16), answer: '{}' }, once: 'x', owners: [9], partners: [3] },
    ...{ resubmission: { key: Buffer.alloc(16, 1), since: 0 }, body: null, chunks: 2 },
  });

/** The same, decided upon. */
export function writesWithAll(): Writes {
  const work = workWithAll();
  const writes = new Writes();
  writes.messages.push(...expectedOf([work]));
  writes.deliveries.push({ work, delivery: { partner: 3, mailbox: 0, recipient: 'a@x', dsn: '', held: false } });
  writes.interchanges.push({ at: 0, keys: Buffer.alloc(32) });
  writes.requests.push({ id: work.id, stands: undefined });
  return writes;
}

const item = (message: bigint, account: number): AcceptWork['audit'][number] => ({
  ...{ at: AT, event: 'message.accepted', outcome: 'success', message, account, facts: '{}' },
  ...{ personal: '{"sender":"x"}', salt: randomBytes(16) },
});

/** Adds accounts 1 to `count` with mailboxes and addresses, in organisation 1. */
export async function addAccounts(client: { query(text: string): Promise<unknown> }, count: number): Promise<void> {
  await client.query(`
    INSERT INTO organisation (id, name, title, language, created_at) VALUES (1, 'o', 'O', 'en', 0);
    INSERT INTO account (id, login, organisation, kind, state, created_at)
      SELECT n, 'a' || n, 1, 'edi', 'active', 0 FROM generate_series(1, ${count}) n;
    INSERT INTO mailbox (account) SELECT n FROM generate_series(1, ${count}) n;
    INSERT INTO address (key, address, account, state, created_at)
      SELECT 'a' || n || '@x', 'a' || n || '@x', n, 'active', 0 FROM generate_series(1, ${count}) n`);
}
