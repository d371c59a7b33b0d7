/**
 * What a page promises, quoted, with what shows it. One file of data for each page stands beside
 * this one; `claims.test.ts` holds them to the pages, to the tests and to the code, and
 * `npm run claims` prints them.
 */

/** A change of the code, as it stands in the source, after which the promise no longer holds. */
export interface Break {
  /** Below the root: `src/auth/throttle.ts`. */
  readonly file: string;
  /** What stands in the file once, and what takes its place. */
  readonly edits: readonly (readonly [text: string, by: string])[];
}

export interface Claim {
  /** Word for word as in the page, blanks and line ends aside. */
  readonly says: string;
  /**
   * What shows it: `auth/throttle: name of the test` is a test of `test/auth/throttle.test.ts`,
   * with `${...}` where its source has that; `sluis check`, `npm audit` and `.ci/run` are commands
   * for whoever runs the gateway or its tests.
   */
  readonly shownBy: readonly [string, ...string[]];
}

/** A sentence that the rule of `promises.ts` takes for a promise, and that is none. */
export interface NoPromise {
  readonly says: string;
  readonly why: string;
}

export interface PageClaims {
  /** Below the root. */
  readonly page: string;
  readonly claims: readonly Claim[];
  readonly none: readonly NoPromise[];
}

export const claim = (says: string, shownBy: string | readonly [string, ...string[]]): Claim => ({
  says,
  shownBy: typeof shownBy === 'string' ? [shownBy] : shownBy,
});

export interface NamedTest {
  /** `auth/throttle`, of `test/auth/throttle.test.ts`. */
  readonly file: string;
  readonly name: string;
}

/** Undefined for a command. */
export function testOf(shown: string): NamedTest | undefined {
  const [, file, name] = /^([\w/-]+): (.+)$/s.exec(shown) ?? [];
  return file === undefined || name === undefined ? undefined : { file, name };
}

/** Blanks and line ends of a page do not count. */
export const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
