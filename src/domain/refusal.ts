/**
 * Why a message, a recipient or a login was not taken: one face for the peer, one reason for the
 * log.
 *
 * RFC 5321 section 4.2 (reply codes), RFC 3463 and RFC 5248 (enhanced status codes).
 */
import type { Quirk } from './quirks.ts';

declare const fromTable: unique symbol;

export interface Refusal {
  /**
   * In types only: a refusal comes out of a table (`refusing`) and from nowhere else, so that the
   * page of replies knows each.
   */
  readonly [fromTable]: true;
  /** SMTP reply code. 4xx: try again later; 5xx: do not. */
  readonly reply:
    | 421
    | 450
    | 451
    | 452
    | 454
    | 500
    | 501
    | 502
    | 503
    | 504
    | 530
    | 534
    | 535
    | 538
    | 550
    | 551
    | 552
    | 553
    | 554
    | 555;
  /** RFC 3463: `class.subject.detail`; the class agrees with `reply`. */
  readonly status: `${4 | 5}.${number}.${number}`;
  /**
   * One line of ASCII for the peer and for notices: says what, why and what to do. Names no host or
   * file of ours, and no setting but the one that allows a quirk.
   */
  readonly text: string;
  /**
   * Name in its table, and values in the text: by these it is said in another language (`spoken`).
   */
  readonly name?: string;
  readonly values?: Readonly<Record<string, string | number>>;
  /** Detail for the log only. */
  readonly detail?: string;
  /** The deviation that the account may not have; the text names it too, and how it is allowed. */
  readonly quirk?: Quirk;
}

/** A refusal as its table has it. */
export interface RefusalRow<Text extends string = string> {
  readonly reply: Refusal['reply'];
  readonly status: Refusal['status'];
  /** `{name}` stands for a value of the moment. */
  readonly text: Text;
  /** When it is given, for readers of the page of replies. */
  readonly cause: string;
  /** What helps; where it is left out the text says it, behind its last semicolon. */
  readonly remedy?: string | undefined;
}

export const row = <const Text extends string>(
  reply: Refusal['reply'],
  status: Refusal['status'],
  text: Text,
  cause: string,
  remedy?: string,
): RefusalRow<Text> => ({ reply, status, text, cause, remedy });

/** Names of the values that a text wants. */
export type Wanted<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Wanted<Rest>
  : never;
export type Values<Text extends string> = Readonly<Record<Wanted<Text>, string | number>>;

/** The text with its values in place. */
export const filled = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

/** A refusal where the text is fixed, else what makes one of the values. */
export type RefusalOf<Text extends string> = [Wanted<Text>] extends [never]
  ? Refusal
  : (values: Values<Text>) => Refusal;
export type Refusals<Table extends Readonly<Record<string, RefusalRow>>> = {
  readonly [Name in keyof Table]: RefusalOf<Table[Name]['text']>;
};

/**
 * The one way to a refusal. Whoever calls it adds the table to `src/pages/replies.ts`; a test finds
 * a table that is missing there.
 */
export function refusing<const Table extends Readonly<Record<string, RefusalRow>>>(table: Table): Refusals<Table> {
  const made = Object.entries(table).map(([name, { reply, status, text }]) => {
    const refusal = (values: Readonly<Record<string, string | number>>): Refusal =>
      ({ reply, status, text: filled(text, values), name, values }) as Refusal;
    return [name, text.includes('{') ? refusal : refusal({})] as const;
  });
  return Object.fromEntries(made) as Refusals<Table>;
}

/**
 * True if the same attempt may succeed later. What we do not understand counts as such: mail is
 * never lost to a misreading.
 */
export const isTransient = (refusal: Refusal): boolean => refusal.reply < 500;
