/** Kinds of messages that an addressee takes, as the setting `edi-accepts` has them. */

/** Most kinds of one addressee. */
export const MAX_KINDS = 50;
/** A type, its version behind a colon, an asterisk at the end of the type for whatever follows. */
const KIND = /^[^\s:*]{1,35}\*?(?::[^\s*]{1,35})?$/u;

/** Empty for `any`; undefined if a name is none or there are too many. Upper case, each once. */
export function parseEdiKinds(text: string): readonly string[] | undefined {
  const words = [
    ...new Set(
      text
        .toUpperCase()
        .split(/\s+/)
        .filter((word) => word !== ''),
    ),
  ];
  if (words.length === 1 && words[0] === 'ANY') return [];
  return words.length >= 1 && words.length <= MAX_KINDS && words.every((word) => KIND.test(word)) ? words : undefined;
}
