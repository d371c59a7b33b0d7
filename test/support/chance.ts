/**
 * Chance for suites that choose content, moments and what a power cut leaves: one seed for a test
 * file and the processes it starts, printed when it is made. `SLUIS_TEST_SEED=N` in front of the
 * command gives the same choices again (not the same moments: those are the machine's).
 */
import { randomInt } from 'node:crypto';
import { seeded } from './seeded.ts';

const NAME = 'SLUIS_TEST_SEED';

function seedOf(): number {
  const given = Number(process.env[NAME]);
  if (Number.isSafeInteger(given) && given > 0) return given;
  const made = randomInt(1, 2 ** 31);
  process.env[NAME] = String(made);
  process.stdout.write(`seed ${made}: ${NAME}=${made} makes the same choices again\n`);
  return made;
}

export const chance = seeded(seedOf());

/** A whole number from `least` up to, not including, `end`. */
export const between = (least: number, end: number): number => least + chance.below(end - least);
