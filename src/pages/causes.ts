/**
 * From a reply that was given, as the trail has it, back to its row: what it means, and what helps.
 */
import type { RefusalRow } from '../domain/refusal.ts';
import { saidIn, smtpRows } from './replies.ts';

export interface ReplyMeaning {
  readonly reply: number;
  readonly cause: string;
  readonly remedy: string;
}

/** `{name}` stands for what was said at the moment. */
const patternOf = ({ text }: RefusalRow): RegExp =>
  new RegExp(
    `^${text
      .split(/\{\w+\}/)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );

/**
 * The rows that say most themselves come first: some leave nearly all of their text to the moment.
 */
const fixedLength = ({ text }: RefusalRow): number => text.replace(/\{\w+\}/g, '').length;
const rows = smtpRows.map(([, row]) => row).sort((a, b) => fixedLength(b) - fixedLength(a));

/** Undefined for a text that no row makes: it is of an earlier version. */
export function meaningOfReply(status: string, text: string): ReplyMeaning | undefined {
  const found = rows.find((row) => row.status === status && patternOf(row).test(text));
  if (found === undefined) return undefined;
  const { reply, cause, remedy = saidIn(text) } = found;
  return { reply, cause, remedy };
}
