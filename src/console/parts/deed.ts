/**
 * What an operator does, each in two steps: a page that says what will happen and asks for what is
 * needed and why, and the deed. Where the command tells beforehand what it would do, and takes more
 * than the path says, there are three: what is asked, the plan, the deed.
 *
 * A deed is declared once. parts/deed-form.ts shows its pages, parts/deed-pages.ts does it. What
 * its fields may hold, whether a name must be typed, whether two must sign and whether the key must
 * be touched again follow from the command table; rights are judged there.
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
  /** What will happen, and how it is undone. */
  readonly what: string;
  readonly done: string;
  readonly fields?: Readonly<Record<string, FieldWords>>;
}

export type PathParams = Readonly<Record<string, string>>;

export interface Deed {
  /** Of its page, with parameters: `/accounts/{login}/suspend`. Its last segment is its name. */
  readonly path: string;
  /** Where the visitor is sent afterwards; absent: to the page before the last segment. */
  readonly back?: string;
  readonly operation: OperationName;
  /** The input that the path gives. */
  readonly input: (params: PathParams) => Input;
  /** Inputs that are asked for, as the operation calls them. */
  readonly fields?: readonly string[];
  /**
   * Those that must be filled in, though the command can do without: it takes a file in their
   * place.
   */
  readonly needs?: readonly string[];
  /**
   * The key must have been touched though the table asks for no signature and no typed name: no
   * button undoes it.
   */
  readonly proven?: true;
  /**
   * Somebody may have asked for it on the telephone: how it is known who that was is asked for as
   * well, and stands behind the reason. `apart`: others read the reason, so it stands in the trail
   * alone.
   */
  readonly caller?: true | 'apart';
  /**
   * The command tells beforehand what it would do, with `dry-run`: shown above the form, or as a
   * step of its own where something is asked.
   */
  readonly looksFirst?: true;
  /** What is shown once, in place of the way back; undefined: there is nothing to show. */
  readonly shows?: (result: never, asked: Asked) => Html | undefined;
  /** Its result is a file, to be kept by whoever asked. */
  readonly gives?: (input: Input) => Pick<Download, 'name' | 'type'>;
  readonly words: Both<DeedWords>;
}

const pathOf = (path: string, params: PathParams): string =>
  path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? ''));

export const deedPath = ({ path }: Pick<Deed, 'path'>, params: PathParams = {}): string => pathOf(path, params);
export const deedName = ({ path }: Pick<Deed, 'path'>): string => path.slice(path.lastIndexOf('/') + 1);
export const backPath = ({ path, back = path.slice(0, path.lastIndexOf('/')) }: Deed, params: PathParams): string =>
  pathOf(back, params);

/** A deed that takes a signature, a typed name, or is not undone by another command. */
export const isGrave = (deed: Deed, row: AnyOperation): boolean =>
  deed.proven === true || confirmOf(row) !== undefined || 'second' in row;

/** The fields of the form. Only these, and what the path says, reach the operation. */
export const deedFields = ({ operation, fields = [], needs = [] }: Deed): readonly Field[] =>
  fieldsOf(operation, fields).map((field) =>
    needs.includes(field.name) ? { ...field, param: { ...field.param, optional: false } } : field,
  );

/**
 * The name that is typed to confirm it, where the command asks for that. Throws AdminError for a
 * path that names nothing.
 */
export function nameToType({ input, operation }: Deed, params: PathParams): string | undefined {
  const row: AnyRow = rowNamed(operation);
  const confirm = confirmOf(row);
  return confirm?.name(inputOf({ in: row.in }, input(params)));
}

/** What is said above the page that a deed was done to. */
export function doneNote(asked: Asked, deeds: readonly Deed[]): Html | undefined {
  const done = deeds.find((deed) => deedName(deed) === asked.query.get('done'));
  return done && note('good', html`<p role="status">${done.words[asked.language].done}</p>`);
}

/**
 * Whoever acts for one organisation does what names all that it touches
 * (admin/own-organisation.ts).
 */
export const isOffered = ({ may, visitor }: Asked, { operation }: Pick<Deed, 'operation'>): boolean =>
  may(rightOf(operation)) && (visitor?.session.holder.organisation === undefined || WITHIN.has(operation));

/** Buttons for the deeds that the visitor may do. */
export function deedButtons(asked: Asked, deeds: readonly Deed[], params: PathParams = {}): Html | undefined {
  const offered = deeds.filter((deed) => isOffered(asked, deed));
  if (offered.length === 0) return undefined;
  return html`<ul class="deeds">${offered.map((deed) => html`<li><a class="button second" href="${deedPath(deed, params)}">${deed.words[asked.language].button}</a></li>`)}</ul>`;
}

/** The same as links in a row of a table. */
export const deedLinks = (asked: Asked, deeds: readonly Deed[], params: PathParams, name: string): Html =>
  html`${deeds
    .filter((deed) => isOffered(asked, deed))
    .map((deed) => {
      const { button } = deed.words[asked.language];
      return html`<a href="${deedPath(deed, params)}" aria-label="${`${button}: ${name}`}">${button}</a> `;
    })}`;
