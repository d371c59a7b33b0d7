import { type TestContext, test } from 'node:test';

/**
 * How often chance is tried: `merge` before every merge, `release` in `npm run test:long`, which
 * runs each file that asks here once more.
 *
 * For what draws at random (moments of a kill, texts of a fuzz, who guesses when): more rounds look
 * for the same in more places.
 */
export const effort = <T>(merge: T, release: T): T => (process.env.SLUIS_TEST_EFFORT === 'release' ? release : merge);

/**
 * A test that measures what others of its file measure as well, in another way: skipped before a
 * merge.
 */
export function testBeforeRelease(name: string, run: (t: TestContext) => Promise<void>): void {
  void effort<typeof test.skip>(test.skip, test)(name, run);
}
