/**
 * What `synchronous_standby_names` of a server says: how many standbys a commit waits for, and
 * which may count.
 */

export interface StandbyList {
  /** Number of the listed servers that must have a commit. */
  readonly needed: number;
  /** Names in lower case, as the server compares them; `*` is any. */
  readonly names: readonly string[];
}

const WORD = /\s*(?:"((?:[^"]|"")*)"|([^\s,()"]+)|([,()]))/gy;

/**
 * `ANY n (a, b)`, `FIRST n (a, b)`, `n (a, b)` and `a, b`, which is FIRST 1. Undefined if it is
 * empty; where it cannot be read it counts as empty, for the server itself would not have taken it.
 */
export function readStandbyList(text: string): StandbyList | undefined {
  const words: string[] = [];
  WORD.lastIndex = 0;
  for (let found = WORD.exec(text); found !== null; found = WORD.exec(text))
    words.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? found[3] ?? '');
  const open = words.indexOf('(');
  const names = (open < 0 ? words : words.slice(open + 1)).filter((word) => ![',', ')', '('].includes(word));
  const needed = open < 0 ? 1 : Number(words[open - 1]);
  if (names.length === 0 || !Number.isInteger(needed) || needed < 1) return undefined;
  return { needed, names: [...new Set(names.map((name) => name.toLowerCase()))] };
}
