/**
 * A deed: something that an operator does, in two steps. A page says what will happen and asks for
 * what is needed and why; its button does it. If the command can tell beforehand what it would do,
 * and needs more than the path says, there are three steps: a form, the plan, and the button.
 *
 * A deed is declared once. parts/deed-form.ts shows its pages and parts/deed-pages.ts does it. The
 * command table decides what its fields may hold, whether a name must be typed, whether two people
 * must sign, and whether the operator must prove himself again. Rights are checked there too.
 */
import type { Input } from '../../admin/input.ts';
import { type OperationName, rightOf } from '../../admin/operations.ts';
import { WITHIN } from '../../admin/own-organisation.ts';
import { inputOf } from '../../commands/core/operations.ts';
import { type AnyOperation, type AnyRow, confirmOf } from '../../commands/core/row.ts';
import { rowNamed } from '../../commands/table.ts';
import { type Html, html } from '../../http/html.ts';
import type { Download } from '../../web/core/page.ts';
import type { Asked } from '../core/page.ts';
import { note } from '../../web/look/parts.ts';
import { type Both, type Field, type FieldWords, fieldsOf } from '../../web/parts/fields.ts';

export interface DeedWords {
  readonly button: string;
  /** What will happen, and how to undo it. */
  readonly what: string;
  readonly done: string;
  readonly fields?: Readonly<Record<string, FieldWords>>;
}

export type PathParams = Readonly<Record<string, string>>;

export interface Deed {
  /**
   * Path of its page, with parameters: `/accounts/{login}/suspend`. The last segment is the name of
   * the deed.
   */
  readonly path: string;
  /**
   * Path to which the visitor is sent afterwards; without it, the path of the deed without its last
   * segment.
   */
  readonly back?: string;
  readonly operation: OperationName;
  /** The part of the input that the path gives. */
  readonly input: (params: PathParams) => Input;
  /** Inputs that the form asks for, by their names in the operation. */
  readonly fields?: readonly string[];
  /**
   * Fields that must be filled in here, although the command does not require them: it can take a
   * file in their place.
   */
  readonly needs?: readonly string[];
  /**
   * The operator must prove himself again, although the command table asks for no signature and no
   * typed name. It is for deeds that no other button undoes.
   */
  readonly proven?: true;
  /**
   * The deed may have been asked for on the telephone. So the form also asks how the operator knows
   * who called, and the answer is added to the reason. With `apart` it stands in the trail alone,
   * because other people read the reason.
   */
  readonly caller?: true | 'apart';
  /**
   * The command can tell beforehand what it would do, by `dry-run`. That text is shown above the
   * form, or in a step of its own if the form has fields.
   */
  readonly looksFirst?: true;
  /** What is shown of the result, once. If it returns nothing, the browser is sent back. */
  readonly shows?: (result: never, asked: Asked) => Html | undefined;
  /** The result is a file, which the browser saves. */
  readonly gives?: (input: Input) => Pick<Download, 'name' | 'type'>;
  readonly words: Both<DeedWords>;
}

const pathOf = (path: string, params: PathParams): string =>
  path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? ''));

export const deedPath = ({ path }: Pick<Deed, 'path'>, params: PathParams = {}): string => pathOf(path, params);
export const deedName = ({ path }: Pick<Deed, 'path'>): string => path.slice(path.lastIndexOf('/') + 1);
export const backPath = ({ path, back = path.slice(0, path.lastIndexOf('/')) }: Deed, params: PathParams): string =>
  pathOf(back, params);

/** True for a deed that needs a signature or a typed name, or that no other command undoes. */
export const isGrave = (deed: Deed, row: AnyOperation): boolean =>
  deed.proven === true || confirmOf(row) !== undefined || 'second' in row;

/** The fields of the form. Only these and the path reach the operation. */
export const deedFields = ({ operation, fields = [], needs = [] }: Deed): readonly Field[] =>
  fieldsOf(operation, fields).map((field) =>
    needs.includes(field.name) ? { ...field, param: { ...field.param, optional: false } } : field,
  );

/**
 * The name to type as confirmation, if the command asks for one. Throws AdminError if the path
 * names nothing that exists.
 */
export function nameToType({ input, operation }: Deed, params: PathParams): string | undefined {
  const row: AnyRow = rowNamed(operation);
  const confirm = confirmOf(row);
  return confirm?.name(inputOf({ in: row.in }, input(params)));
}

/** The note that a deed was done, for the page to which the visitor returns. */
export function doneNote(asked: Asked, deeds: readonly Deed[]): Html | undefined {
  const done = deeds.find((deed) => deedName(deed) === asked.query.get('done'));
  return done && note('good', html`<p role="status">${done.words[asked.language].done}</p>`);
}

/**
 * True if the visitor may do the deed. An operator who acts for one organisation is offered only
 * operations that name everything they touch (admin/own-organisation.ts).
 */
export const isOffered = ({ may, visitor }: Asked, { operation }: Pick<Deed, 'operation'>): boolean =>
  may(rightOf(operation)) && (visitor?.session.holder.organisation === undefined || WITHIN.has(operation));

/** Buttons for the deeds that the visitor may do. */
export function deedButtons(asked: Asked, deeds: readonly Deed[], params: PathParams = {}): Html | undefined {
  const offered = deeds.filter((deed) => isOffered(asked, deed));
  if (offered.length === 0) return undefined;
  return html`<ul class="deeds">${offered.map((deed) => html`<li><a class="button second" href="${deedPath(deed, params)}">${deed.words[asked.language].button}</a></li>`)}</ul>`;
}

/** The same deeds as links in a row of a table. */
export const deedLinks = (asked: Asked, deeds: readonly Deed[], params: PathParams, name: string): Html =>
  html`${deeds
    .filter((deed) => isOffered(asked, deed))
    .map((deed) => {
      const { button } = deed.words[asked.language];
      return html`<a href="${deedPath(deed, params)}" aria-label="${`${button}: ${name}`}">${button}</a> `;
    })}`;
