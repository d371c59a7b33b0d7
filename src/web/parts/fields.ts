/**
 * Inputs of a command as fields of a form. The command's own row says how each field looks and how
 * it is read. A form names the inputs that it may fill; whatever else comes with it is ignored.
 */
import { type OperationName } from '../../admin/operations.ts';
import type { Input } from '../../admin/input.ts';
import type { Param } from '../../commands/core/params.ts';
import { nameOf } from '../../commands/core/params.ts';
import { rowNamed } from '../../commands/table.ts';
import type { Language } from '../../domain/registry.ts';
import type { Instant } from '../../domain/units.ts';
import { type Html, attributes, html } from '../../http/html.ts';
import { asTyped } from './typed-day.ts';

export type Both<T> = Readonly<Record<Language, T>>;

export interface FieldWords {
  readonly label: string;
  readonly hint?: string;
  /** Texts for the values of a choice. Without them, the values themselves are shown. */
  readonly choices?: Readonly<Record<string, string>>;
}

export interface Field {
  /** Name of the input in the operation. */
  readonly name: string;
  /** Name of the field in the form: letters alone (http/form.ts). */
  readonly key: string;
  readonly param: Param;
}

/** Throws if a name is no input of the operation. */
export function fieldsOf(operation: OperationName, names: readonly string[]): readonly Field[] {
  const row = rowNamed(operation);
  const params = new Map(Object.entries(row.in).map(([key, param]) => [nameOf(key), param]));
  return names.map((name) => {
    const param = params.get(name);
    if (param === undefined) throw new Error(`The operation ${operation} has no input "${name}"`);
    return { name, key: `in${name.replaceAll('-', '')}`, param };
  });
}

/** Words that stand in the form, in the language of the reader. */
const SAID: Both<Readonly<Record<'none' | 'needed' | 'each' | 'expected', string>>> = {
  nl: { none: '(geen keuze)', needed: 'Vul dit in.', each: 'Een per regel.', expected: 'Verwacht' },
  en: { none: '(no choice)', needed: 'Fill this in.', each: 'One a line.', expected: 'Expected' },
};

export type FieldProblems = ReadonlyMap<string, string>;

export interface Typed {
  readonly language: Language;
  /** Text of a field, by its key. */
  readonly field: (key: string) => string;
  readonly now: Instant;
}

/**
 * Reads what was typed into the inputs of the operation, or says which fields cannot be used. A
 * field that is left empty is left out.
 */
export function readFields(
  fields: readonly Field[],
  { language, field, now }: Typed,
): { readonly input: Input; readonly problems: FieldProblems } {
  const input: Record<string, unknown> = {};
  const problems = new Map<string, string>();
  for (const { name, key, param } of fields) {
    const text = param.as === 'secret' ? field(key) : field(key).replaceAll('\r\n', '\n').trim();
    if (text === '') {
      if (!param.optional) problems.set(name, SAID[language].needed);
      continue;
    }
    const value = valueOf(param, text, now);
    if (value === undefined) problems.set(name, `${SAID[language].expected}: ${param.kind?.expected[language] ?? ''}`);
    else input[name] = value;
  }
  return { input, problems };
}

const isList = ({ as }: Param): boolean => as === 'rest' || as === 'many';

function valueOf(param: Param, text: string, now: Instant): unknown {
  const { kind, most = 0 } = param;
  // A box that is ticked: only flags have no kind.
  if (kind === undefined) return text === 'yes';
  // Where a command line takes the name of a file, a form takes the content of that file, pasted.
  const read = (one: string): unknown =>
    kind.secret === true
      ? one
      : kind.fromText(asTyped(kind.word, one), { textOf: () => '', lineOf: () => '', now: () => now });
  const fits = (value: unknown): boolean => value !== undefined && kind.schema.safeParse(value).success;
  if (!isList(param)) {
    const value = read(text);
    return fits(value) ? value : undefined;
  }
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const values = lines.map(read);
  return values.length <= most && values.every(fits) ? values : undefined;
}

export interface Showing {
  readonly language: Language;
  readonly words: Readonly<Record<string, FieldWords>>;
  readonly typed: (key: string) => string;
  readonly problems?: FieldProblems;
}

export const fieldsHtml = (fields: readonly Field[], showing: Showing): readonly Html[] =>
  fields.map((field) => fieldHtml(field, showing));

function fieldHtml({ name, key, param }: Field, { language, words, typed, problems }: Showing): Html {
  const said = words[name];
  if (said === undefined) throw new Error(`There are no words for the field "${name}"`);
  const problem = problems?.get(name);
  const hint = [said.hint, isList(param) && param.kind?.choices === undefined ? SAID[language].each : undefined]
    .filter((text) => text !== undefined)
    .join(' ');
  const described = [hint === '' ? [] : [`${key}-hint`], problem === undefined ? [] : [`${key}-wrong`]].flat();
  const common = {
    id: key,
    name: key,
    'aria-describedby': described.length === 0 ? undefined : described.join(' '),
    'aria-invalid': problem === undefined ? undefined : 'true',
  };
  const text = typed(key);
  const box = html`${hint === '' ? undefined : html`<span class="hint" id="${`${key}-hint`}">${hint}</span>`}${problem === undefined ? undefined : html`<span class="state bad" id="${`${key}-wrong`}">${problem}</span>`}`;
  if (param.as === 'flag')
    return html`<label class="choice"><input type="checkbox" value="yes"${attributes({ ...common, checked: text === 'yes' })}>${said.label}</label>${box}`;
  return html`<label for="${key}">${said.label}</label>${box}${control(param, common, text, said, language)}`;
}

type Common = Parameters<typeof attributes>[0];

function control(param: Param, common: Common, text: string, { choices = {} }: FieldWords, language: Language): Html {
  const { kind, as, optional } = param;
  const required = { required: !optional };
  if (kind?.choices !== undefined && !isList(param)) {
    const first = text === '' && typeof param.initial === 'string' ? param.initial : text;
    const none = optional && param.initial === undefined ? [''] : [];
    const option = (value: string): Html =>
      html`<option value="${value}"${attributes({ selected: value === first })}>${value === '' ? SAID[language].none : (choices[value] ?? value)}</option>`;
    return html`<select size="1"${attributes({ ...common, ...required })}>${[...none, ...kind.choices].map(option)}</select>`;
  }
  const plain = { autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' };
  if (as === 'secret')
    return html`<input type="password"${attributes({ ...common, ...required, autocomplete: 'new-password', maxlength: 1024 })}>`;
  if (isList(param) || kind?.secret === true)
    return html`<textarea rows="4"${attributes({ ...common, ...required, ...plain })}>
${text}</textarea>`;
  return html`<input type="text"${attributes({ ...common, ...required, ...plain, maxlength: 512, value: text })}>`;
}
