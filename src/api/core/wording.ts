/**
 * Turns texts that were written for a person at a command line into texts for a program over HTTPS:
 * it leaves out commands of `sluis`, names options as the members of a body, and names the header
 * for the reason. Texts of problems and of the document go through it.
 */

/**
 * Applied in this order. No pattern repeats within a repetition, which could be slow: texts may
 * hold what a stranger sent.
 */
const TURNED: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[] = [
  [/ \("sluis [^()]{1,200}\)/g, ''],
  [/\badd --reason TEXT/g, 'say it in the header Sluis-Reason'],
  [/"(?:[a-z]+ )?(resume|contain)"/g, (_all, verb = '') => (verb === 'resume' ? 'a resumption' : 'a containment')],
  [/(^|[ (])--([a-z][a-z-]{0,30})(?: [A-Z]{2,20}\b)?/g, (_all, before = '', name = '') => `${before}"${camel(name)}"`],
];

const camel = (name: string): string => name.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());

/** The first part of a text says what is wrong, and always stays. */
export function forPrograms(text: string): string {
  const kept = text.split('; ').filter((part, n) => n === 0 || !/\bsluis [a-z]/.test(part));
  return TURNED.reduce((made, [from, to]) => made.replace(from, to as string), kept.join('; '));
}
