/**
 * Letters from a template: lines of text with named fields, which an operator can write for his own
 * service.
 *
 *   {{code}}                     a field; one that has several values takes a line for each if it stands alone on its line
 *   {{#page}} ... {{/page}}      on lines of their own: what stands between them is left out where the field has no value
 *   {{^page}} ... {{/page}}      the reverse
 *
 * A line may be as long as it likes: it is wrapped at 72 columns. One whose fields are all without
 * a value is left out.
 */
import { type Result, fail, ok } from './result.ts';

export const LETTER_FIELDS = {
  organisation: 'short name of the organisation',
  title: 'its full name',
  post: 'its postal address, a line each',
  login: 'what the account logs in with',
  name: 'name of the password that the code sets',
  addresses: 'addresses of the account, a line each',
  code: 'the code',
  expires: 'until when the code is valid',
  ends: 'until when the password is valid, if it has an end',
  servers: 'servers and ports, from the listeners of the configuration, a line each',
  page: 'address of the page where the code is used, where there is one',
  operator: 'whom to ask: the mail address of the helpdesk',
  helpdesk: 'name of the helpdesk, if it is configured',
  telephone: 'its telephone number, if it is configured',
  hours: 'when it answers, if that is configured',
  gateway: 'name of the gateway',
  date: 'the day of the letter',
} as const satisfies Record<string, string>;

export type LetterField = keyof typeof LETTER_FIELDS;
export type LetterValues = Readonly<Record<LetterField, string | readonly string[]>>;

type Node =
  | { readonly kind: 'line'; readonly parts: readonly (string | { readonly field: LetterField })[] }
  | { readonly kind: 'block'; readonly field: LetterField; readonly absent: boolean; readonly nodes: readonly Node[] };

export type LetterTemplate = readonly Node[];

export interface TemplateFault {
  readonly line: number;
  readonly text: string;
}

/** A longer text is no letter. */
export const MAX_TEMPLATE_LINES = 500;
const WIDTH = 72;
const BLOCK = /^\s*\{\{\s*([#^/])\s*([^}]*?)\s*\}\}\s*$/;

const fieldOf = (name: string): LetterField | undefined =>
  Object.hasOwn(LETTER_FIELDS, name) ? (name as LetterField) : undefined;
const unknownField = (name: string): string =>
  `the field ${JSON.stringify(name.slice(0, 40))} is not known; expected one of ${Object.keys(LETTER_FIELDS).join(', ')}`;

interface Open {
  readonly field: LetterField;
  readonly absent: boolean;
  readonly line: number;
  readonly nodes: Node[];
}

export function parseLetterTemplate(text: string): Result<LetterTemplate, TemplateFault> {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const root: Node[] = [];
  const open: Open[] = [];
  const wrong = (line: number, why: string): Result<LetterTemplate, TemplateFault> => fail({ line, text: why });
  if (lines.length > MAX_TEMPLATE_LINES)
    return wrong(MAX_TEMPLATE_LINES + 1, `a letter has at most ${MAX_TEMPLATE_LINES} lines`);
  for (const [i, line] of lines.entries()) {
    if (/[^\P{C}\t]|[\p{Zl}\p{Zp}]/u.test(line)) return wrong(i + 1, 'a character that cannot be printed; remove it');
    const nodes = open.at(-1)?.nodes ?? root;
    const block = BLOCK.exec(line);
    if (block === null) {
      const parts = partsOf(line);
      if (!parts.ok) return wrong(i + 1, parts.error);
      nodes.push({ kind: 'line', parts: parts.value });
      continue;
    }
    const [, sign, name = ''] = block;
    const field = fieldOf(name);
    if (field === undefined) return wrong(i + 1, unknownField(name));
    if (sign !== '/') open.push({ field, absent: sign === '^', line: i + 1, nodes: [] });
    else {
      const closed = open.pop();
      if (closed?.field !== field) return wrong(i + 1, `{{/${field}}} closes nothing; expected {{#${field}}} above it`);
      const { absent, nodes: its } = closed;
      (open.at(-1)?.nodes ?? root).push({ kind: 'block', field, absent, nodes: its });
    }
  }
  const left = open.at(-1);
  return left === undefined
    ? ok(root)
    : wrong(left.line, `this block is not closed; expected {{/${left.field}}} below it`);
}

function partsOf(line: string): Result<(string | { readonly field: LetterField })[], string> {
  const parts: (string | { readonly field: LetterField })[] = [];
  let from = 0;
  for (const match of line.matchAll(/\{\{([^{}]*)\}\}/g)) {
    const field = fieldOf((match[1] ?? '').trim());
    if (field === undefined) return fail(unknownField((match[1] ?? '').trim()));
    if (match.index > from) parts.push(line.slice(from, match.index));
    parts.push({ field });
    from = match.index + match[0].length;
  }
  if (from < line.length) parts.push(line.slice(from));
  const rest = parts.find((part) => typeof part === 'string' && /\{\{|\}\}/.test(part));
  return rest === undefined ? ok(parts) : fail('a field is not whole; expected {{name}}');
}

const listOf = (value: string | readonly string[]): readonly string[] =>
  (typeof value === 'string' ? [value] : value)
    .map((text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim())
    .filter((text) => text !== '');

/** The lines of one letter, each of at most 72 columns unless a single word is longer. */
export function fillLetter(template: LetterTemplate, values: LetterValues): string[] {
  return template.flatMap((node) => {
    if (node.kind === 'line') return fillLine(node.parts, values);
    const has = listOf(values[node.field]).length > 0;
    return has === node.absent ? [] : fillLetter(node.nodes, values);
  });
}

function fillLine(parts: readonly (string | { readonly field: LetterField })[], values: LetterValues): string[] {
  const fields = parts.filter((part) => typeof part !== 'string');
  const lists = fields.map(({ field }) => listOf(values[field]));
  if (fields.length > 0 && lists.every((list) => list.length === 0)) return [];
  const [only] = lists;
  const alone = parts.every((part) => typeof part !== 'string' || part.trim() === '');
  if (fields.length === 1 && alone && only !== undefined) {
    const indent = typeof parts[0] === 'string' ? parts[0] : '';
    return only.flatMap((value) => wrapped(indent + value));
  }
  const text = parts.map((part) => (typeof part === 'string' ? part : listOf(values[part.field]).join(', '))).join('');
  return wrapped(text.trimEnd());
}

const width = (text: string): number => Array.from(text).length;

/** Continued lines stand below the text that they belong to, in a numbered list too. */
function wrapped(line: string): string[] {
  if (width(line) <= WIDTH) return [line];
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  const hanging = ' '.repeat((/^\s*(?:\d+\.|-) /.exec(line)?.[0] ?? indent).length);
  const lines: string[] = [];
  let current = indent;
  for (const word of line.slice(indent.length).split(' ')) {
    const next = current.trim() === '' ? current + word : `${current} ${word}`;
    if (current.trim() !== '' && width(next) > WIDTH) {
      lines.push(current.trimEnd());
      current = hanging + word;
    } else current = next;
  }
  return [...lines, current.trimEnd()];
}
