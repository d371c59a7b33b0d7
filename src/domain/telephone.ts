/** Telephone numbers as people write them. */

const LEAST = 6;
const MOST = 15;

/**
 * The digits by which a number is found whatever way it was written: without country code and trunk
 * zero, so that `+31 20 1234567`, `0031 (0)20-1234567` and `020 1234567` mean the same. Undefined:
 * it is no number, or too short to mean one.
 */
export function telephoneDigits(text: string): string | undefined {
  const typed = text.trim().replace('(0)', '');
  if (!/^[+\d(][\d\s()./-]*$/.test(typed)) return undefined;
  const digits = typed.replace(/\D/g, '');
  // The last digit of a country code with three digits stays: in national form it stands in front
  // of the number too.
  const national = typed.startsWith('+') ? digits.slice(2) : digits.replace(/^00\d\d|^0/, '');
  return national.length >= LEAST && national.length <= MOST ? national : undefined;
}
