/**
 * How often chance is tried: `merge` before every merge, `release` in `npm run test:long`, which runs each file that asks here once more.
 *
 * For what draws at random (moments of a kill, texts of a fuzz, who guesses when): more rounds look for the same in more places.
 */
export const effort = <T>(merge: T, release: T): T => (process.env.SLUIS_TEST_EFFORT === 'release' ? release : merge);
