/** The exit code of an inspection of a message, whatever protects the message. */
import type { exitCodes } from './exit-codes.ts';

export interface Inspected {
  /** The outermost layer. */
  readonly form: string;
  readonly standing: string;
  /** True if it was decrypted and nothing proves that nobody had changed it. */
  readonly flagged?: boolean;
  readonly problem?: string | undefined;
}

/**
 * Undefined if the message was found valid. A message that nobody signed, or that is still
 * encrypted, was not found valid, so it has a code.
 */
export function inspectedCode({
  form,
  standing,
  flagged = false,
  problem,
}: Inspected): { readonly code: keyof typeof exitCodes } | undefined {
  if (problem !== undefined || form === 'unreadable' || standing === 'invalid' || flagged)
    return { code: 'configuration' };
  return standing === 'unsigned' ? { code: 'unproven' } : undefined;
}
