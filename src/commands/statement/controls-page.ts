/** The table of controls in docs/security.md. */
import { CONTROLS } from './annex-a.ts';
import type { Owner } from './controls.ts';
import { betweenMarks, marksOf } from '../../domain/between-marks.ts';

/** Puts the table into the page. Throws if the page has no place for it. */
export const writeControls = (page: string): string => betweenMarks(page, marksOf('controls'), controls);

const controls = (): readonly string[] => [
  '',
  '| control | what the gateway does | shown by |',
  '| --- | --- | --- |',
  ...CONTROLS.flatMap(({ id, about, shownBy, does }) =>
    shownBy === undefined || does === undefined ? [] : [`| ${id} ${about.en} | ${does} | \`${shownBy}\` |`],
  ),
  '',
  `The organisation's that runs it: ${namesOf('organisation')}. Not applicable: ${namesOf('not applicable', true)}.`,
  '',
];

const namesOf = (whose: Owner, named = false): string =>
  CONTROLS.filter(({ owner }) => owner === whose)
    .map(({ id, about }) => (named ? `${id} ${about.en}` : id))
    .join(', ');
