/**
 * Random choices for suites that choose content, moments, or what a power cut leaves. A test file
 * and the processes that it starts share one seed, which is printed. With `SLUIS_TEST_SEED=N` in
 * front of the command, the choices are the same again. The moments are not: the machine decides
 * those.
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

/** A whole number from `least` up to, but not including, `end`. */
export const between = (least: number, end: number): number => least + chance.below(end - least);
