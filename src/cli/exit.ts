/** How commands end: this is the one place that turns an error into a text and an exit code. */
import { AdminError } from '../admin/error.ts';
import { knownRefusal } from '../admin/known-refusal.ts';
import { ListenerRefused } from '../platform/listener.ts';
import { StoreRefused } from '../store/store.ts';
import { systemProblem } from '../platform/system-problem.ts';
import { visibleJson } from '../domain/visible.ts';
import { type ExitCode, exitCodes, refusalJson } from './exit-codes.ts';

export { type ExitCode, exitCodes };

/** Ends a command with a text and a code of its own. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: ExitCode;
  constructor(code: keyof typeof exitCodes, message: string) {
    super(message);
    this.code = exitCodes[code];
  }
}

const byKind = {
  invalid: exitCodes.usage,
  unknown: exitCodes.unknown,
  exists: exitCodes.conflict,
  ended: exitCodes.conflict,
  conflict: exitCodes.conflict,
  unavailable: exitCodes.unavailable,
  approval: exitCodes.approval,
  forbidden: exitCodes.forbidden,
  unusable: exitCodes.configuration,
  store: exitCodes.store,
  failed: exitCodes.failed,
} as const;

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.code;
  const known = knownRefusal(error);
  // A gateway of a later version may send a kind that is unknown here.
  if (known !== undefined) return (byKind as Partial<typeof byKind>)[known.kind] ?? exitCodes.failed;
  if (error instanceof ListenerRefused || (error instanceof StoreRefused && error.held)) return exitCodes.unavailable;
  if (error instanceof StoreRefused) return exitCodes.store;
  return exitCodes.failed;
}

/** True for a bug, in our code or in code that we called. */
export const isUnexpected = (error: Error): boolean =>
  exitCodeOf(error) === exitCodes.failed && !(error instanceof CommandError) && !(error instanceof AdminError);

/**
 * The text for people. An unexpected error shows where it came from, so that the bug can be
 * reported.
 */
export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return isUnexpected(error) ? (error.stack ?? error.message) : (systemProblem(error) ?? error.message);
};

/**
 * An error for standard error: a text or, with `--json`, an object on one line, which is the last
 * line there (docs/signals.md, "Exit codes").
 */
export const refusal = (code: ExitCode, message: string, json: boolean): string =>
  json ? refusalJson(code, message, visibleJson) : `${message}\n`;
