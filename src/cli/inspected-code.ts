/** How a look at a message at hand ends, whatever protects it. */
import type { exitCodes } from './exit-codes.ts';

export interface Inspected {
  /** The outermost layer. */
  readonly form: string;
  readonly standing: string;
  /** It was decrypted, and nothing proves that it was not changed before. */
  readonly flagged?: boolean;
  readonly problem?: string | undefined;
}

/**
 * What nobody signed, or is closed, is not found valid: nothing was there to be. Undefined: it is.
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
