/** What clients do in each workload. Everything is checked, and a wrong answer ends the run. */
import { type Instance, addressOf } from '../test/support/instance.ts';
import { Pop3Client } from '../test/support/pop3-client.ts';
import { type Login, SmtpClient } from '../test/support/smtp-client.ts';
import { type Kind, compose } from './messages.ts';
import { Samples } from './stats.ts';

/**
 * One password for all accounts. Its hash is made once and imported for every account; to verify it
 * costs as much as any other.
 */
export const PASSWORD = 'Measured-and-not-secret-1';
const loginOf = (name: string): Login => ({ login: name, password: PASSWORD });

export interface Outcome {
  /** Number of messages, sessions or logins. */
  readonly done: number;
  readonly milliseconds: number;
  readonly latency: Samples;
}

/** Where mail goes: a gateway, or a server that stands beside it. */
export type Server = Pick<Instance, 'target'>;

export interface Submission {
  readonly connections: number;
  readonly perConnection: number;
  readonly size: number;
  /** Kind of message; without it, `text`. */
  readonly kind?: Kind;
  /** Names of accounts. Each message goes to all `recipients`, or to the next one of `turns`. */
  readonly recipients?: readonly string[];
  readonly turns?: readonly string[];
  /** It ends after this time or this number of messages, whichever comes first. */
  readonly milliseconds: number;
  readonly limit?: number;
}

/** Submits as fast as possible. The latency is from the final dot to the `250`. */
export async function submit(server: Server, work: Submission): Promise<Outcome> {
  const latency = new Samples();
  const target = server.target('submission');
  let done = 0;
  let begun = 0;
  const start = performance.now();
  const end = start + work.milliseconds;
  const more = (): boolean => performance.now() < end && begun < (work.limit ?? Number.MAX_SAFE_INTEGER);
  const client = async (index: number): Promise<void> => {
    const login = loginOf(`b${index}`);
    const sender = addressOf(`b${index}`);
    const plain = compose(work.size, sender, 'text', 0);
    const id = plain.indexOf('0000000000@');
    const next = (n: number): Buffer => {
      if (work.kind !== undefined && work.kind !== 'text') return compose(work.size, sender, work.kind, n);
      // A message with exactly the same octets would count as sent twice by mistake.
      plain.write(String(n).padStart(10, '0'), id, 'latin1');
      return plain;
    };
    while (more()) {
      const smtp = await SmtpClient.open(target, login);
      for (let n = 0; n < work.perConnection && more(); n++) {
        begun += 1;
        const turn = work.turns?.[begun % work.turns.length];
        const recipients = turn === undefined ? (work.recipients ?? []) : [turn];
        await smtp.begin(sender, recipients.map(addressOf), false);
        const content = next(begun);
        if (!smtp.wire.send(content)) await smtp.wire.drained();
        smtp.wire.send('.\r\n');
        const sent = performance.now();
        await smtp.expect('250');
        latency.add(performance.now() - sent);
        done += 1;
      }
      await smtp.quit();
    }
  };
  await Promise.all(Array.from({ length: work.connections }, (_, i) => client(i)));
  return { done, milliseconds: performance.now() - start, latency };
}

/**
 * Retrieves and deletes all mail of each account, all accounts at the same time. The latency is
 * that of one RETR.
 */
export async function pickUp(instance: Instance, names: readonly string[]): Promise<Outcome> {
  const latency = new Samples();
  const start = performance.now();
  let done = 0;
  await Promise.all(
    names.map(async (name) => {
      const client = await Pop3Client.open(instance.target('pop3'), loginOf(name));
      const { messages } = await client.stat();
      await client.uidl();
      for (let n = 1; n <= messages; n++) {
        const asked = performance.now();
        await client.retrieve(n);
        latency.add(performance.now() - asked);
        await client.command(`DELE ${n}`);
        done += 1;
      }
      await client.quit();
    }),
  );
  return { done, milliseconds: performance.now() - start, latency };
}

/** Deletes all mail of the accounts without reading it. Resolves to the number of messages. */
export async function discard(instance: Instance, names: readonly string[]): Promise<number> {
  let total = 0;
  for (const name of names) {
    const client = await Pop3Client.open(instance.target('pop3'), loginOf(name));
    const { messages } = await client.stat();
    for (let n = 1; n <= messages; n += 500) {
      const batch = Array.from({ length: Math.min(500, messages - n + 1) }, (_, i) => `DELE ${n + i}\r\n`);
      client.wire.send(batch.join(''));
      for (const _ of batch) await client.ok();
    }
    await client.quit();
    total += messages;
  }
  return total;
}

/**
 * Submits a message to each of `names` in turn, and opens its maildrop as soon as the `250` has
 * come: the message must be listed. The latency is from the `250` to the answer of STAT, including
 * connect, handshake and login of the POP3 session.
 */
export async function fetchAtOnce(
  instance: Instance,
  names: readonly string[],
  milliseconds: number,
): Promise<Outcome> {
  const latency = new Samples();
  const start = performance.now();
  const end = start + milliseconds;
  let done = 0;
  await Promise.all(
    names.map(async (name) => {
      const sender = addressOf(name);
      const content = compose(10_240, sender, 'text', 0);
      const id = content.indexOf('0000000000@');
      const smtp = await SmtpClient.open(instance.target('submission'), loginOf(name));
      for (let n = 1; performance.now() < end; n++) {
        content.write(String(n).padStart(10, '0'), id, 'latin1');
        await smtp.submit(sender, [sender], content);
        const accepted = performance.now();
        const pop3 = await Pop3Client.open(instance.target('pop3'), loginOf(name));
        const { messages } = await pop3.stat();
        latency.add(performance.now() - accepted);
        if (messages !== 1)
          throw new Error(`the maildrop of ${name} has ${messages} messages right after the 250, expected 1`);
        await pop3.command('DELE 1');
        await pop3.quit();
        done += 1;
      }
      await smtp.quit();
    }),
  );
  return { done, milliseconds: performance.now() - start, latency };
}

export interface Polling {
  readonly concurrency: number;
  readonly names: readonly string[];
  readonly uidl: boolean;
  readonly milliseconds: number;
  readonly expect: number;
}

/**
 * Runs POP3 sessions again and again: connect, STLS, USER, PASS, STAT (and UIDL), QUIT. The latency
 * is that of a whole session.
 */
export async function poll(instance: Instance, work: Polling): Promise<Outcome> {
  const latency = new Samples();
  const start = performance.now();
  const end = start + work.milliseconds;
  let done = 0;
  const share = Math.ceil(work.names.length / work.concurrency);
  const one = async (index: number): Promise<void> => {
    // Each worker has its own accounts, since a maildrop allows one session at a time.
    const own = work.names.slice(index * share, (index + 1) * share);
    for (let n = 0; own.length > 0 && performance.now() < end; n++) {
      const began = performance.now();
      const client = await Pop3Client.open(instance.target('pop3'), loginOf(own[n % own.length] ?? ''));
      const { messages } = await client.stat();
      if (messages !== work.expect) throw new Error(`the maildrop has ${messages} messages, expected ${work.expect}`);
      if (work.uidl && (await client.uidl()).size !== work.expect) throw new Error('UIDL and STAT disagree');
      await client.quit();
      latency.add(performance.now() - began);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: work.concurrency }, (_, i) => one(i)));
  return { done, milliseconds: performance.now() - start, latency };
}

/**
 * Logs every account in once, `concurrency` at the same time, as when a region comes back after an
 * outage. The latency is that of the login alone.
 */
export async function logInOnce(
  instance: Instance,
  names: readonly string[],
  concurrency: number,
): Promise<Outcome & { readonly busy: number }> {
  const latency = new Samples();
  const start = performance.now();
  const left = [...names];
  let done = 0;
  let busy = 0;
  const one = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const client = await Pop3Client.open(instance.target('pop3'));
      try {
        const began = performance.now();
        await client.login(loginOf(name));
        latency.add(performance.now() - began);
        await client.quit();
        done += 1;
      } catch (error) {
        if (!(error instanceof Error && error.message.includes('[SYS/TEMP]'))) throw error;
        busy += 1;
        left.unshift(name);
      } finally {
        client.wire.destroy();
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
  return { done, milliseconds: performance.now() - start, latency, busy };
}

/** Opens one session for each account and keeps it open. `close` ends them all. */
export async function keepOpen(
  instance: Instance,
  protocol: 'smtp' | 'pop3',
  names: readonly string[],
): Promise<{ close(): void }> {
  const clients: (SmtpClient | Pop3Client)[] = [];
  for (let at = 0; at < names.length; at += 16)
    clients.push(
      ...(await Promise.all(
        names
          .slice(at, at + 16)
          .map((name) =>
            protocol === 'smtp'
              ? SmtpClient.open(instance.target('submission'), loginOf(name))
              : Pop3Client.open(instance.target('pop3'), loginOf(name)),
          ),
      )),
    );
  return { close: () => clients.forEach((client) => client.wire.destroy()) };
}
