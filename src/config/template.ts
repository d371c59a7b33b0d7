/**
 * The configuration that `sluis init` writes: every name with its description; the defaults are
 * commented out.
 */
import { writeValue } from './fields/field.ts';
import { type FieldReference, type SectionReference, comment, configReference, initialText } from './reference.ts';
import { SECTION_NOTES } from './section-notes.ts';

export type TemplateValues = Readonly<Record<string, string | number | readonly string[]>>;

export interface TemplateOptions {
  /** Values that differ from the default, by names such as `hostname` or `tls.key`. */
  readonly values: TemplateValues;
  readonly listeners: readonly TemplateValues[];
}

export function writeTemplate({ values, listeners }: TemplateOptions): string {
  const parts = configReference().map((section) =>
    section.repeated
      ? repeatedText(section, section.name === 'listener' ? listeners : [])
      : sectionText(section, values),
  );
  return [
    '# Configuration of Sluis. Relative paths start at the folder of this file. A line with # in front shows the default.',
    '# "sluis check" reads it without starting anything; docs/configuration.md is the reference.',
    '',
    ...parts,
  ].join('\n');
}

function sectionText(section: SectionReference, values: TemplateValues): string {
  const prefix = section.name === '' ? '' : `${section.name}.`;
  if (section.within === true) return withinText(section);
  const head = section.name === '' ? [] : [...aboutLines(section), `[${section.name}]`];
  return [...head, ...section.fields.map((field) => fieldText(field, values[prefix + field.name])), ''].join('\n');
}

/**
 * What a section is about, and where to read more if there are notes on it. The anchor is that of
 * its heading, `[name]`.
 */
const aboutLines = ({ name, about }: SectionReference): string[] => [
  comment(about),
  ...(SECTION_NOTES[name] === undefined ? [] : [`# More: docs/configuration.md#${name.replaceAll('.', '')}`]),
];

/** A section that is left out as a whole, because some of its fields have no default. */
const withinText = (section: SectionReference): string =>
  [
    ...aboutLines(section),
    `# [${section.name}]`,
    ...section.fields.map((field) => fieldText(field, undefined).replace(/^#(?! )/m, '# ')),
    '',
  ].join('\n');

const fieldText = (field: FieldReference, value: TemplateValues[string] | undefined): string => {
  const line =
    value === undefined ? `#${field.name} = ${initialText(field) ?? '...'}` : `${field.name} = ${writeValue(value)}`;
  return `${comment(field.about)}\n${line}`;
};

/** It is off until somebody wants it: anybody who can reach the page can use it. */
const PAGE = [
  '# The page where one-time codes are used, for passwords and certificates (https):',
  '# [[listener]]',
  '# name = "codes"',
  '# protocol = "enrolment"',
  '# address = "0.0.0.0"',
  '# port = 443',
  '# tls = "implicit"',
  '',
];

/** Nobody but the owner has access until somebody wants it. */
const CONTROL = ['# [[control]]', '# role = "support"', '# group = "helpdesk"', ''];

const repeatedText = (section: SectionReference, items: readonly TemplateValues[]): string =>
  [
    ...aboutLines(section),
    ...section.fields.map((field) => comment(`${field.name}: ${field.about}`)),
    ...items.flatMap((item) => [
      `[[${section.name}]]`,
      ...Object.entries(item).map(([name, value]) => `${name} = ${writeValue(value)}`),
      '',
    ]),
    ...(section.name === 'listener' ? PAGE : CONTROL),
  ].join('\n');
