/** Submissions that go on while the gateway dies, and the reading back afterwards. */
import { type Instance, addressOf, loginOf } from '../../support/instance.ts';
import type { Ledger } from '../../support/ledger.ts';
import { Pop3Client } from '../../support/pop3-client.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from '../../support/smtp-client.ts';
import { WireEnded } from '../../support/wire.ts';
import { between, chance } from '../../support/chance.ts';

/** 1 KB to 300 KB, most of them small: bodies inside the message's row and bodies in chunks. */
export const anySize = (): number => (chance.below(4) === 0 ? between(65_000, 300_000) : between(1_000, 20_000));

export interface Traffic {
  /** Resolves when every connection has ended: after the kill, or after `stop`. */
  readonly ended: Promise<void>;
  stop(): void;
  /**
   * Resolves in the very turn in which the next `250` was read: the moment at which a kill hurts
   * most.
   */
  nextAcknowledgement(): Promise<void>;
}

export interface TrafficOptions {
  readonly sender: string;
  /** Names of accounts, or whole addresses. */
  readonly recipients: readonly string[];
  readonly connections: number;
  readonly size?: () => number;
}

/** How often clients of one traffic come back after a temporary refusal, in all. */
const TRIES = 100;

/**
 * `connections` clients that submit without pause, each to one recipient in turn, until the line
 * breaks. A message counts as acknowledged only after its `250` was read, and is never sent again:
 * so each must be found once.
 */
export function submitting(instance: Instance, ledger: Ledger, options: TrafficOptions): Traffic {
  let stopped = false;
  let turn = 0;
  let tell: () => void = () => undefined;
  const sender = addressOf(options.sender);
  let again = TRIES;
  const one = async (): Promise<void> => {
    try {
      const client = await SmtpClient.open(instance.target('submission'), loginOf(options.sender));
      while (!stopped) {
        const message = ledger.compose((options.size ?? anySize)());
        const recipient = options.recipients[turn++ % options.recipients.length] ?? options.sender;
        const to = recipient.includes('@') ? recipient : addressOf(recipient);
        const reply = await client.submit(sender, [to], message.wire, { pipelined: true });
        ledger.acknowledge(message, acceptedId(reply));
        tell();
      }
      await client.quit();
    } catch (error) {
      // A broken line and a temporary refusal are the fault's doing; anything else is a finding.
      if (error instanceof WireEnded) return;
      if (!(error instanceof UnexpectedReply && error.reply.startsWith('4'))) throw error;
    }
    // The store may not be sure of what it knows, on a busy machine: a client comes back, as every
    // one does.
    if (stopped || again === 0) return;
    again -= 1;
    await pause(100);
    await one().catch((error: unknown) => {
      // Nobody listens any more.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
    });
  };
  const all = Promise.all(Array.from({ length: options.connections }, one)).then(() => undefined);
  // Whoever awaits `ended` later sees the failure; until then it must not count as unhandled.
  all.catch(() => undefined);
  return {
    ended: all,
    stop: () => (stopped = true),
    nextAcknowledgement: () => Promise.race([all, new Promise<void>((resolve) => (tell = resolve))]),
  };
}

/**
 * Retrieves all mail of `names` over POP3 into the ledger; deletes it where told to. Resolves to
 * the number of messages.
 */
export async function collect(
  instance: Instance,
  ledger: Ledger,
  names: readonly string[],
  { remove }: { readonly remove: boolean },
): Promise<number> {
  let total = 0;
  for (const name of names) {
    const client = await Pop3Client.open(instance.target('pop3'), loginOf(name));
    const { messages } = await client.stat();
    for (let n = 1; n <= messages; n++) {
      ledger.found(await client.fetch(n));
      if (remove) await client.command(`DELE ${n}`);
    }
    await client.quit();
    total += messages;
  }
  return total;
}

/**
 * Resolves when `condition` holds; throws after `patience` milliseconds, counted again whenever
 * `done` has grown: a busy machine does it more slowly, and what stands still is found all the
 * same.
 */
export async function until(
  what: string,
  condition: () => boolean,
  patience = 20_000,
  done: () => number = () => 0,
): Promise<void> {
  let end = performance.now() + patience;
  for (let before = done(); !condition();) {
    const now = done();
    if (now > before) end = performance.now() + patience;
    before = now;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
