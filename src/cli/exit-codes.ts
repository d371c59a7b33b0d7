/**
 * How commands end: the only table of exit codes (docs/signals.md). It imports nothing, so that it
 * is there even if modules cannot be loaded.
 */

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  unknown: 3,
  conflict: 4,
  configuration: 5,
  store: 6,
  unavailable: 7,
  approval: 8,
  unproven: 9,
  forbidden: 10,
} as const;

/** When a command ends with each code. */
export const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'Success.',
  failed: 'An unexpected error: a bug, or a lost connection to the gateway.',
  usage: 'The command line, a value, or a line of a file is wrong. Nothing was done.',
  unknown: 'What the command is about does not exist.',
  conflict:
    'It exists already, has ended, is suspended, is in use, or cannot be used as it is registered. Nothing is overwritten. Also: a withdrawal came too late for somebody.',
  configuration:
    'The configuration, a key, a certificate or a signature cannot be used. Evidence, a backup, an export or the trail is not as it was written. A restore or drill failed, or a program under test in the sandbox.',
  store:
    'The store cannot be opened, has failed or is full. `serve` ends with it, so that the supervisor starts it again.',
  unavailable:
    'No gateway runs, another one holds the data or the port, or the one that runs is of a version that this command cannot speak to. Also: the machine or another server refuses (a full disk, a missing right, a place that is not mounted).',
  approval: 'A second person must sign first. The request waits.',
  unproven:
    'A proof was asked for, and what it needs (anchors, a certificate, a signature, a message to open) is not there. Nothing contradicts it. Also: scenarios of the sandbox that were not tried.',
  forbidden:
    'Somebody else may do it: the role, the token or the organisation of the caller does not reach so far. Nothing was done.',
};

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * An error for programs, in one line. `json` writes a value as JSON; main.ts has only what Node
 * itself brings.
 */
export function refusalJson(
  code: ExitCode,
  message: string,
  json: (value: unknown) => string = JSON.stringify,
): string {
  const [kind] = Object.entries(exitCodes).find(([, of]) => of === code) ?? [];
  return `${json({ error: { kind, code, message } })}\n`;
}
