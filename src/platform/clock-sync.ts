/**
 * Finds out whether a time server keeps the clock of this machine. Node cannot ask the kernel
 * (adjtimex), so it asks programs that know: chrony, which also knows the offset, then systemd.
 * Each runs without a shell, for a few seconds at most, and only reads.
 */
import { execFile } from 'node:child_process';

export type ClockSync =
  /** `offset`: seconds that the clock is ahead, if the program knows. */
  | { readonly kind: 'synchronised'; readonly by: string; readonly offset?: number }
  | { readonly kind: 'free'; readonly by: string }
  /** Nothing on this machine can tell. */
  | { readonly kind: 'unknown' };

/** Standard output of a program; undefined if it is absent or fails. */
export type Ask = (program: string, words: readonly string[]) => Promise<string | undefined>;

const PATIENCE = 3000;

const ask: Ask = (program, words) =>
  new Promise((resolve) => {
    const options = {
      timeout: PATIENCE,
      maxBuffer: 16 * 1024,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    } as const;
    execFile(program, [...words], options, (error, stdout) => resolve(error === null ? stdout : undefined));
  });

export async function clockSync(run: Ask = ask): Promise<ClockSync> {
  return (
    chrony(await run('chronyc', ['-c', '-n', 'tracking'])) ??
    systemd(await run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'])) ?? { kind: 'unknown' }
  );
}

/**
 * One line of 14 fields: the fifth is how far the system clock is off, in seconds (slow is
 * positive); the last says whether it is kept.
 */
function chrony(text: string | undefined): ClockSync | undefined {
  const fields = text?.trim().split(',');
  if (fields?.length !== 14) return undefined;
  const offset = -Number(fields[4]);
  if (fields[13] === 'Not synchronised') return { kind: 'free', by: 'chrony' };
  return { kind: 'synchronised', by: 'chrony', ...(Number.isFinite(offset) ? { offset } : {}) };
}

function systemd(text: string | undefined): ClockSync | undefined {
  const said = text?.trim();
  if (said === 'yes') return { kind: 'synchronised', by: 'systemd' };
  return said === 'no' ? { kind: 'free', by: 'systemd' } : undefined;
}
