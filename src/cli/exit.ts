/**
 * How commands end: one table of exit codes (docs/signals.md), and one place that turns an error
 * into a text and a code.
 */
import { AdminError } from '../admin/error.ts';
import { knownRefusal } from '../admin/known-refusal.ts';
import { ListenerRefused } from '../platform/listener.ts';
import { StoreRefused } from '../store/store.ts';
import { systemProblem } from '../platform/system-problem.ts';
import { visibleJson } from '../domain/visible.ts';
import { type ExitCode, exitCodes, refusalJson } from './exit-codes.ts';

export { type ExitCode, exitCodes };

/** A command that ends with a text and a code of its own. */
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
  // A gateway of a later version may know another kind.
  if (known !== undefined) return (byKind as Partial<typeof byKind>)[known.kind] ?? exitCodes.failed;
  if (error instanceof ListenerRefused || (error instanceof StoreRefused && error.held)) return exitCodes.unavailable;
  if (error instanceof StoreRefused) return exitCodes.store;
  return exitCodes.failed;
}

/** A bug, of ours or of what we called. */
export const isUnexpected = (error: Error): boolean =>
  exitCodeOf(error) === exitCodes.failed && !(error instanceof CommandError) && !(error instanceof AdminError);

/**
 * What the person reads. An error that nobody expected shows where it came from: it is a bug to be
 * reported.
 */
export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return isUnexpected(error) ? (error.stack ?? error.message) : (systemProblem(error) ?? error.message);
};

/**
 * An error on standard error: a text, or with `--json` an object in one line, the last one there
 * (docs/signals.md, "Exit codes").
 */
export const refusal = (code: ExitCode, message: string, json: boolean): string =>
  json ? refusalJson(code, message, visibleJson) : `${message}\n`;
