/**
 * Why a backup, a restore or a drill was not done. The text names action, value, expectation,
 * remedy.
 */

/** As those of the other operations of an operator (admin/context.ts). */
export type BackupRefusedKind = 'invalid' | 'unknown' | 'exists' | 'conflict' | 'unavailable' | 'unusable';

export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
  readonly kind: BackupRefusedKind;
  constructor(kind: BackupRefusedKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The system's word for what went wrong with a file: `ENOSPC`; else the text. */
export const reasonOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? (error instanceof Error ? error.message : String(error));
};

export const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
