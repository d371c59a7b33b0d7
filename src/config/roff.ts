/** Text of manual pages: macros of man(7), as groff and mandoc read them. */

/**
 * Text for a line. A hyphen becomes the minus of the keyboard, so that options can be copied from
 * the page.
 */
export const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^(?=[.'])/gm, '\\&');

export const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
export const italic = (text: string): string => `\\fI${roff(text)}\\fR`;

/** `date` as `2026-12-02`: a page that is made twice from one commit has the same octets. */
export const title = (name: string, section: number, date: string, version: string, about: string): string[] => [
  `.TH ${name} ${section} ${date} "Sluis ${version}" "${about}"`,
  '.nh',
  '.ad l',
];

export const heading = (text: string): string => `.SH ${roff(text).toUpperCase()}`;

/** A term and, indented below it, what is said of it. */
export const entry = (term: string, text: readonly string[]): string[] => ['.TP', term, ...text];

/** A whole sentence for a phrase of a table. */
export const sentence = (text: string): string =>
  text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.:!?]$/.test(text) ? '' : '.'}`;

export const page = (lines: readonly string[]): string => `${lines.filter((line) => line !== '').join('\n')}\n`;
