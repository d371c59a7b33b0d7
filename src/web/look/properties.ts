/**
 * Every colour, size and distance of the pages, as custom properties; the style sheet has no value
 * of its own. docs/style.md says what each is for.
 *
 * Contrast by WCAG 2.2: text at least 4.5 to 1 on each ground that it stands on, borders of fields
 * and the mark of the focus 3 to 1, in both themes (test/console/parts.test.ts computes them).
 */
export interface Theme {
  readonly ground: string;
  readonly card: string;
  readonly text: string;
  readonly soft: string;
  readonly line: string;
  readonly field: string;
  readonly accent: string;
  readonly 'on-accent': string;
  readonly link: string;
  readonly focus: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
}

export const THEMES: { readonly light: Theme; readonly dark: Theme } = {
  light: {
    ground: '#f3f6f8',
    card: '#ffffff',
    text: '#17242f',
    soft: '#475866',
    line: '#cbd5dc',
    field: '#6f808d',
    accent: '#0b4f6c',
    'on-accent': '#ffffff',
    link: '#0b4f8a',
    focus: '#9a3412',
    good: '#1b6e3c',
    warn: '#8a4b00',
    bad: '#b3261e',
  },
  dark: {
    ground: '#10181f',
    card: '#18232c',
    text: '#e6edf2',
    soft: '#a9b8c4',
    line: '#33434f',
    field: '#7d90a0',
    accent: '#8ecbe6',
    'on-accent': '#0a1a22',
    link: '#8fc7ff',
    focus: '#ffb37a',
    good: '#7ed7a0',
    warn: '#ffc670',
    bad: '#ff9d94',
  },
};

const lines = (theme: Theme): string =>
  Object.entries(theme)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');

/**
 * Distances are steps of a quarter of the letter size, which follows the setting of the reader's
 * browser. `--ink` and `--paper` are for pictures that cameras read: those are black on white in
 * both themes.
 */
const SIZES =
  '--s1:.25rem;--s2:.5rem;--s3:.75rem;--s4:1rem;--s6:1.5rem;--s8:2rem;--round:.375rem;--wide:64rem;--read:40rem;--touch:2.75rem;' +
  '--ink:#000000;--paper:#ffffff;' +
  '--type:system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;--mono:ui-monospace,"Cascadia Mono",Menlo,monospace';

export const PROPERTIES = `:root{color-scheme:light dark;${SIZES};${lines(THEMES.light)}}
@media (prefers-color-scheme:dark){:root{${lines(THEMES.dark)}}}
@media print{:root{color-scheme:light;${lines({ ...THEMES.light, ground: '#ffffff' })}}}
`;
