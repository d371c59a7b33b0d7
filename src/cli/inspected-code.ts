/** How a look at a message at hand ends, whatever protects it. */
import { type ExitCode, exitCodes } from './exit.ts';

export interface Inspected {
  /** The outermost layer. */
  readonly form: string;
  readonly standing: string;
  /** It was decrypted, and nothing proves that it was not changed before. */
  readonly flagged?: boolean;
  readonly problem?: string;
}

/** What nobody signed, or is closed, is not found valid: nothing was there to be. */
export function inspectedCode({ form, standing, flagged = false, problem }: Inspected): ExitCode {
  if (problem !== undefined || form === 'unreadable' || standing === 'invalid' || flagged)
    return exitCodes.configuration;
  return standing === 'unsigned' ? exitCodes.unproven : exitCodes.done;
}
