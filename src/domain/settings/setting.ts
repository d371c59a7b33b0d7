/** What one setting is: where it may be set, what values it has, what holds without it. */

export type SettingScope = 'organisation' | 'account' | 'address';
export type SettingValue = string | number | boolean;
/**
 * What is set at one place, by name. Unknown names are kept: a newer node of the same store may
 * know them.
 */
export type Settings = Readonly<Record<string, SettingValue>>;

export type SettingKind =
  | { readonly kind: 'octets'; readonly min: number; readonly max: number }
  | { readonly kind: 'count'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  /** As `parseClosedDays` reads them; kept as they were written. */
  | { readonly kind: 'closed-days' }
  /** As `parseEdiKinds` reads them; `any`: every kind. */
  | { readonly kind: 'edi-kinds' }
  /** A login name, or `own`. */
  | { readonly kind: 'mailbox' }
  /** `2026-12-31`, or `none`. */
  | { readonly kind: 'day' }
  /** Exactly `length` digits, or `none`. */
  | { readonly kind: 'digits'; readonly length: number }
  /** A number as `telephoneDigits` reads it, kept as it was written; `none`: nobody said. */
  | { readonly kind: 'telephone' }
  /** One line of words, at most `max` characters; `none`: nobody said. */
  | { readonly kind: 'words'; readonly max: number };

export interface Setting<V extends SettingValue = SettingValue> {
  readonly scopes: readonly SettingScope[];
  readonly type: SettingKind;
  readonly default: V;
  /** One sentence for the operator. */
  readonly about: string;
}

export const everywhere = ['organisation', 'account', 'address'] as const;
export const accountAndAbove = ['organisation', 'account'] as const;
