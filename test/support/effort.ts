import { type TestContext, test } from 'node:test';

/**
 * How often random tests are tried: `merge` before every merge, `release` in `npm run test:long`,
 * which runs every file that asks this once more.
 *
 * It is for tests that choose at random: the moment of a kill, the text of a fuzz test, who guesses
 * when. More rounds look for the same in more places.
 */
export const effort = <T>(merge: T, release: T): T => (process.env.SLUIS_TEST_EFFORT === 'release' ? release : merge);

/**
 * A test that measures in another way what another test of its file also measures. It is skipped
 * before a merge.
 */
export function testBeforeRelease(name: string, run: (t: TestContext) => Promise<void>): void {
  void effort<typeof test.skip>(test.skip, test)(name, run);
}
