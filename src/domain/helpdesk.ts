/**
 * The helpdesk: the one party that users call, write to and read of, by one word in every letter,
 * page and reply.
 *
 * A user sees one party. That it is "the operator" for those who run the gateway is a word of the
 * command line and of the documents.
 */
import type { Language } from './registry.ts';
import { MAX_REPLY_TEXT } from './spoken.ts';

/** How it is reached, as the configuration has it. */
export interface Helpdesk {
  /** A registered mail address. */
  readonly address: string;
  /** What users know it by. */
  readonly name?: string | undefined;
  readonly telephone?: string | undefined;
  /** When it answers, in words. */
  readonly hours?: string | undefined;
}

const TELEPHONE: Readonly<Record<Language, string>> = { nl: 'telefoon', en: 'telephone' };

/**
 * One line for people, for example
 * `Zorgpost Noord, telefoon 088 123 45 67 (ma-vr 8-18 uur), helpdesk@zorgpost.example`.
 */
export function helpdeskLine({ address, name, telephone, hours }: Helpdesk, language: Language): string {
  const open = hours === undefined ? '' : ` (${hours})`;
  const call = telephone === undefined ? '' : `${TELEPHONE[language]} ${telephone}${open}`;
  return [name ?? '', call, telephone === undefined ? `${address}${open}` : address].filter((p) => p !== '').join(', ');
}

/** Replies are ASCII: accents go, and what then is no ASCII goes too. */
const ascii = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Pd}/gu, '-')
    .replace(/[^\x20-\x7e]/g, '');

/**
 * In the English half of a reply, and in the Dutch half behind it (`spoken`): the last one there,
 * since a value of the sender may stand before it.
 */
const ENGLISH = /\bthe helpdesk\b/;
const DUTCH = /( \/ .*\bde helpdesk)\b/s;

/**
 * Puts name, telephone and hours behind the words "the helpdesk" of a reply, and behind "de
 * helpdesk" of its Dutch half. Undefined if none of them is configured: then replies stay as their
 * tables have them.
 *
 * A line that cannot hold them twice has them in its Dutch half alone: practices read that one, and
 * a number is the same in any language. A reply that would grow too long even so stays as it is.
 */
export function replyWords({
  name,
  telephone,
  hours,
}: Omit<Helpdesk, 'address'>): ((text: string) => string) | undefined {
  const facts = [name, telephone, hours].flatMap((fact) => (fact === undefined ? [] : [ascii(fact)]));
  if (facts.length === 0) return undefined;
  const who = ` (${facts.join(', ')})`;
  return (text) => {
    // Each half names the telephone once, and a word of a sender further on is left alone.
    const dutch = text.replace(DUTCH, (half) => half + who);
    const both = dutch.replace(ENGLISH, (word) => word + who);
    return [both, dutch].find(({ length }) => length <= MAX_REPLY_TEXT) ?? text;
  };
}
