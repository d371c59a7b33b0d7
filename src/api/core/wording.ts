/**
 * Texts that were written for somebody at a command line, as a program over HTTPS reads them: what
 * names a command of `sluis` is left out, options are called as the members of a body, and the
 * header of the reason is named. Texts of problems and of the document go through it.
 */

/** In order. None of them repeats within a repetition: texts may hold what somebody sent. */
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
