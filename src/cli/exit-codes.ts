/** How commands end: the one table of exit codes (docs/operations.md). Imports nothing, so that it can be had where modules cannot be loaded. */

export const exitCodes = {
  done: 0,
  /** Something that should not happen: a bug, a lost connection to the gateway. Never for what can be expected. */
  failed: 1,
  /** The command line, or a value in it or in a file it names, is wrong. Nothing was done. */
  usage: 2,
  /** What the command is about does not exist. */
  unknown: 3,
  /** It exists already, has ended, is suspended, or is held by somebody else. */
  conflict: 4,
  /** The configuration, a key or a certificate cannot be used; or evidence, a backup, an export or the trail is not as it was written. */
  configuration: 5,
  /** The store cannot be opened, or has failed. */
  store: 6,
  /** No gateway runs, another one holds the data or the port, or the machine or another server refuses: a full disk, a right that is missing. */
  unavailable: 7,
  /** A second person must approve first: the request waits. */
  approval: 8,
  /** A proof was asked for, nothing contradicts it, and what it needs to be one is not there. */
  unproven: 9,
  /** Somebody else may do it: the caller's role, token or organisation does not reach so far. Nothing was done. */
  forbidden: 10,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** As a program reads an error, in one line. `json` writes a value as JSON; main.ts has nothing but what Node brings. */
export function refusalJson(
  code: ExitCode,
  message: string,
  json: (value: unknown) => string = JSON.stringify,
): string {
  const [kind] = Object.entries(exitCodes).find(([, of]) => of === code) ?? [];
  return `${json({ error: { kind, code, message } })}\n`;
}
