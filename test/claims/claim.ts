/**
 * What a page promises, quoted, with what shows it. One file of data for each page stands beside this one; `claims.test.ts` holds them to the pages, to
 * the tests and to the code, and `npm run claims` prints them.
 */

/** A change of the code, as it stands in the source, after which the promise no longer holds. The text stands in the file once. */
export interface Break {
  /** Below the root: `src/auth/throttle.ts`. */
  readonly file: string;
  readonly text: string;
  readonly by: string;
}

export interface Claim {
  /** Word for word as in the page, blanks and line ends aside. */
  readonly says: string;
  /**
   * What shows it: `auth/throttle: name of the test` is a test of `test/auth/throttle.test.ts`, with `${...}` where its source has that; `sluis check`,
   * `npm audit` and `.ci/run` are commands for whoever runs the gateway or its tests.
   */
  readonly shownBy: readonly [string, ...string[]];
  /** After it the first of the tests fails. */
  readonly broken?: Break;
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

export const claim = (
  says: string,
  shownBy: string | readonly [string, ...string[]],
  broken?: readonly [file: string, text: string, by: string],
): Claim => ({
  says,
  shownBy: typeof shownBy === 'string' ? [shownBy] : shownBy,
  ...(broken === undefined ? {} : { broken: { file: `src/${broken[0]}`, text: broken[1], by: broken[2] } }),
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
