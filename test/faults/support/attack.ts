/**
 * Guessers and owners for the tests of attacks: many sources, pipelined, with every answer counted.
 */
import type { Instance } from '../../support/instance.ts';
import { Pop3Client } from '../../support/pop3-client.ts';
import { type Login, SmtpClient, plain } from '../../support/smtp-client.ts';
import { Wire, WireEnded } from '../../support/wire.ts';

/** Each a network of its own: IPv4 addresses are judged one by one. */
export const sourceOf = (n: number): string => `127.1.${n >> 8}.${n & 255}`;

export interface Outcomes {
  /** Judged and refused: `-ERR [AUTH]`, `535`. */
  refused: number;
  /** Not judged: `-ERR [SYS/TEMP]`, `454`, `421`. */
  busy: number;
  /** What must never happen. */
  granted: number;
}

export const noOutcomes = (): Outcomes => ({ refused: 0, busy: 0, granted: 0 });
export const judgedAndNot = ({ refused, busy, granted }: Outcomes): number => refused + busy + granted;

function count(outcomes: Outcomes, reply: string): void {
  if (/^(?:-ERR \[AUTH\]|535 )/.test(reply)) outcomes.refused += 1;
  else if (/^(?:-ERR \[SYS\/TEMP\]|454 |421 )/.test(reply)) outcomes.busy += 1;
  else if (/^(?:\+OK maildrop|235 )/.test(reply)) outcomes.granted += 1;
  else throw new Error(`nothing that a guess is answered with: "${reply}"`);
}

/**
 * Guesses over POP3, a batch in one packet. A connection that the gateway closes is opened again;
 * what it did not answer is asked again.
 */
export async function guessPop3(
  instance: Instance,
  source: string,
  guesses: readonly Login[],
  outcomes: Outcomes,
): Promise<void> {
  const target = { ...instance.target('pop3s'), localAddress: source };
  for (let next = 0; next < guesses.length;) {
    const wire = await Wire.open(target);
    try {
      await wire.line();
      wire.send(
        guesses
          .slice(next)
          .map(({ login, password }) => `USER ${login}\r\nPASS ${password}\r\n`)
          .join(''),
      );
      for (; next < guesses.length; next += 1) {
        await wire.line();
        count(outcomes, await wire.line());
      }
    } catch (error) {
      if (!(error instanceof WireEnded)) throw error;
      // Ended after an answer that counted: the gateway allows five wrong ones a session.
    } finally {
      wire.destroy();
    }
  }
}

/** Guesses over SMTP, so many a connection as it allows before a login. */
export async function guessSmtp(
  instance: Instance,
  source: string,
  guesses: readonly Login[],
  outcomes: Outcomes,
): Promise<void> {
  const target = { ...instance.target('submissions'), localAddress: source };
  for (let next = 0; next < guesses.length;) {
    const client = await SmtpClient.open(target);
    try {
      client.wire.send(
        guesses
          .slice(next, next + 15)
          .map((guess) => `AUTH PLAIN ${plain(guess)}\r\n`)
          .join(''),
      );
      const end = Math.min(next + 15, guesses.length);
      for (; next < end; next += 1) count(outcomes, await client.reply());
    } catch (error) {
      if (!(error instanceof WireEnded)) throw error;
    } finally {
      client.wire.destroy();
    }
  }
}

export interface Polls {
  readonly latencies: readonly number[];
  /** Ends the polling and throws what went wrong with any of them. */
  stop(): Promise<void>;
}

/** An owner who polls as mail programs do: connect, log in, STAT, QUIT, again and again. */
export function polling(instance: Instance, login: Login, source: string, every: number): Polls {
  const latencies: number[] = [];
  let stopped = false;
  const run = async (): Promise<void> => {
    while (!stopped) {
      const start = performance.now();
      const client = await Pop3Client.open({ ...instance.target('pop3s'), localAddress: source }, login);
      await client.stat();
      await client.quit();
      latencies.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, every));
    }
  };
  const running = run();
  // Whoever stops it sees the failure; until then it must not count as unhandled.
  running.catch(() => undefined);
  return {
    latencies,
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
};
