/** Text of manual pages: macros of man(7), for groff and mandoc. */

/**
 * Text for a page. A hyphen becomes a minus sign as on the keyboard, so that options can be copied
 * from the page.
 */
export const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^(?=[.'])/gm, '\\&');

export const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
export const italic = (text: string): string => `\\fI${roff(text)}\\fR`;

/**
 * `date` has the form `2026-12-02`. It is given, so that a page that is made twice from the same
 * commit has the same octets.
 */
export const title = (name: string, section: number, date: string, version: string, about: string): string[] => [
  `.TH ${name} ${section} ${date} "Sluis ${version}" "${about}"`,
  '.nh',
  '.ad l',
];

export const heading = (text: string): string => `.SH ${roff(text).toUpperCase()}`;

/** A term and, indented below it, its description. */
export const entry = (term: string, text: readonly string[]): string[] => ['.TP', term, ...text];

/** Makes a sentence of a phrase from a table. */
export const sentence = (text: string): string =>
  text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.:!?]$/.test(text) ? '' : '.'}`;

export const page = (lines: readonly string[]): string => `${lines.filter((line) => line !== '').join('\n')}\n`;
