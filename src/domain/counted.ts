/** Numbers of things in words: `1 row`, `2 rows`. */

const pluralOf = (what: string): string => {
  if (/[^aeiou]y$/.test(what)) return `${what.slice(0, -1)}ies`;
  return /(?:s|x|ch|sh)$/.test(what) ? `${what}es` : `${what}s`;
};

/** `what`: one of them; its last word is what there are many of. */
export const many = (n: number, what: string): string => `${n} ${n === 1 ? what : pluralOf(what)}`;

/** The verb that goes with so many: `1 address goes`, `2 addresses go`. */
export const agree = (n: number, one: string, more: string): string => (n === 1 ? one : more);
