/** What commands print: aligned columns for people, JSON for programs. */
import { instant } from '../domain/units.ts';
import { dayOf, isoDay, wallClock } from '../domain/working-days.ts';
import { visibleJson, visibleLine } from '../domain/visible.ts';
import type { Terminal } from './terminal.ts';

export type Cell = string | number | undefined;

/** A cell on one line, without anything that a terminal would obey. */
export const plain = (cell: Cell): string => (cell === undefined || cell === '' ? '-' : visibleLine(String(cell)));

/** A table whose columns are as wide as their longest cell. The last column has any width. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(plain))];
  const widths = header.map((_, i) => Math.max(...lines.map((line) => Array.from(line[i] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell + (i === line.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - Array.from(cell).length)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * Lines of `name: value`. A name without a value is left out. If a name has several values, each
 * has a line of its own.
 */
export function facts(pairs: readonly (readonly [string, Cell | readonly Cell[]])[]): string {
  const known = pairs.map(([name, value]) => [name, [value].flat().filter(isThere)] as const);
  const shown = known.filter(([, values]) => values.length > 0);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .flatMap(([name, values]) =>
      values.map((value, n) => `${(n === 0 ? `${name}:` : '').padEnd(width + 1)} ${plain(value)}`),
    )
    .join('\n');
}

const isThere = (cell: Cell): boolean => cell !== undefined && cell !== '';

/** Every terminal has at least so many columns. */
const COLUMNS = 80;

/** Wraps a text before the right edge. Further lines begin with `indent`. */
export function wrapped(text: string, first: string, indent: string): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      [line, empty] = [indent, true];
    }
    line += `${empty ? '' : ' '}${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}

export interface OutputOptions {
  readonly json?: boolean;
}

/** Prints `value` as JSON, or `text` for people. */
export function print(terminal: Terminal, options: OutputOptions, value: unknown, text: () => string): void {
  const output = options.json === true ? visibleJson(value, 2) : text();
  if (output !== '') terminal.out(`${output}\n`);
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size for people, rounded; the exact number is in the JSON. */
export function readableSize(n: number): string {
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/**
 * A time for people: by the clock in Amsterdam, to the minute, with its zone. Programs get ISO 8601
 * in UTC.
 */
export function readableTime(iso: string): string;
export function readableTime(iso: string | undefined): string | undefined;
export function readableTime(iso: string | undefined): string | undefined {
  return iso === undefined ? undefined : wallClock(instant(Date.parse(iso)));
}

/** The day of that time in Amsterdam. */
export function readableDay(iso: string): string;
export function readableDay(iso: string | undefined): string | undefined;
export function readableDay(iso: string | undefined): string | undefined {
  return isoDay(iso === undefined ? undefined : dayOf(instant(Date.parse(iso))));
}

/** The time, also in UTC, for a period about which other organisations must answer. */
export const localTime = (iso: string): string => `${readableTime(iso)} (${iso.slice(0, 10)} ${iso.slice(11, 16)}Z)`;

/**
 * A cell of CSV (RFC 4180). A value that a spreadsheet would take for a formula gets an apostrophe
 * in front.
 */
const csvCell = (cell: Cell): string => {
  const plain = String(cell ?? '').replace(/^[=+@\t\r\uff0b\uff0d\uff1d\uff20-]/, "'$&");
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};
/** Lines of CSV. */
export const csv = (header: readonly Cell[], rows: readonly (readonly Cell[])[]): string =>
  [header, ...rows].map((cells) => cells.map(csvCell).join(',')).join('\n');
