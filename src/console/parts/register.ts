/**
 * A register: the list of a command as a page with filters, 50 rows at a time, and as a CSV file.
 * It is declared once. The command's own row decides what its filters may hold, where the next page
 * begins, and what the file has.
 */
import { AdminError } from '../../admin/error.ts';
import type { Input } from '../../admin/input.ts';
import { type OperationName, type OperationResult, ownedIn, rightOf } from '../../admin/operations.ts';
import { WITHIN } from '../../admin/own-organisation.ts';
import { inputOf } from '../../commands/core/operations.ts';
import type { Params } from '../../commands/core/params.ts';
import type { ListRow } from '../../commands/core/row.ts';
import { rowNamed } from '../../commands/table.ts';
import { type Hole, type Html, html } from '../../http/html.ts';
import type { Reply } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import { note, table } from '../../web/look/parts.ts';
import { csvOf } from './csv-file.ts';
import { type Deed, deedButtons, doneNote } from './deed.ts';
import {
  type Both,
  type Field,
  type FieldProblems,
  type FieldWords,
  fieldsHtml,
  fieldsOf,
  readFields,
} from '../../web/parts/fields.ts';
import { REGISTER } from './register-words.ts';

/** A row of this operation's list. */
export type RowOf<N extends OperationName> = OperationResult<N> extends readonly (infer R)[] ? R : never;

export interface RegisterWords {
  readonly title: string;
  /** One sentence that says what the register holds. */
  readonly about: string;
  readonly none: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly filters?: Readonly<Record<string, FieldWords>>;
}

export interface Register<N extends OperationName = OperationName> {
  /** Path of its page; the file has the same with `.csv` added. */
  readonly path: string;
  readonly operation: N;
  /** Inputs by which the list can be filtered, by their names in the operation. */
  readonly filters?: readonly string[];
  /** The columns, by their names in `words.columns`. */
  readonly columns: Readonly<Record<string, (row: RowOf<N>, asked: Asked) => Hole>>;
  /** Deeds that are offered above the list. */
  readonly deeds?: readonly Deed[];
  /** More links to follow; `rows` are the rows that are shown. */
  readonly beside?: (asked: Asked, rows: readonly RowOf<N>[]) => Html | undefined;
  /**
   * The heading of a row. Rows in sequence with the same heading stand below it together; `about`
   * is English.
   */
  readonly groups?: (row: RowOf<N>, asked: Asked) => { readonly title: string; readonly about: string };
  /** The deeds that its rows link to, so that the page can say that one was done. */
  readonly rowDeeds?: readonly Deed[];
  readonly words: Both<RegisterWords>;
}

/** Rows of one page. */
const PAGE = 50;

const listRow = (operation: OperationName): ListRow<Params, unknown> => {
  const row = rowNamed(operation);
  if (row.effect !== 'lists') throw new Error(`The operation ${operation} lists nothing`);
  return row;
};

/**
 * True if the visitor may see the register. An operator who acts for one organisation sees only
 * registers that can be limited to one.
 */
export const isOffered = ({ may, visitor }: Asked, operation: OperationName): boolean =>
  may(rightOf(operation)) &&
  (visitor?.session.holder.organisation === undefined ||
    (WITHIN.has(operation) && Object.values(ownedIn(operation)).includes('organisation')));

interface Wanted {
  readonly filters: readonly Field[];
  /** The filters that were typed, as they stand in the address of the page. */
  readonly typed: URLSearchParams;
  readonly input: Input;
  readonly problems: FieldProblems;
}

function wantedOf({ query, language, now }: Asked, { operation, filters: names = [] }: Register): Wanted {
  const filters = fieldsOf(operation, names);
  const field = (key: string): string => (query.get(key) ?? '').slice(0, 512);
  const typed = new URLSearchParams(
    filters.flatMap(({ key }) => (field(key).trim() === '' ? [] : [[key, field(key)] as [string, string]])),
  );
  return { filters, typed, ...readFields(filters, { language, field, now }) };
}

const address = (path: string, typed: URLSearchParams, more: Readonly<Record<string, string>> = {}): string => {
  const all = new URLSearchParams([...typed, ...Object.entries(more)]).toString();
  return all === '' ? path : `${path}?${all}`;
};

interface Part {
  readonly rows: readonly unknown[];
  /** The cursor of the next page; absent on the last one. */
  readonly next?: string;
}

async function partOf(asked: Asked, { operation }: Register, input: Input, after: string | null): Promise<Part> {
  const all = (await asked.operate(operation, {
    ...input,
    limit: PAGE + 1,
    ...(after === null ? {} : { after }),
  })) as readonly unknown[];
  const rows = all.slice(0, PAGE);
  const last = rows.at(-1);
  return { rows, ...(all.length > PAGE && last !== undefined && { next: listRow(operation).after(last) }) };
}

function tableOf(asked: Asked, { columns, groups, words: both }: Register, rows: readonly unknown[]): Html {
  const words = both[asked.language];
  if (rows.length === 0) return html`<p>${words.none}</p>`;
  const header = Object.keys(columns).map((name) => words.columns[name] ?? name);
  const of = (title: string, some: readonly unknown[]): Html =>
    table(
      title,
      header,
      some.map((row) => Object.values(columns).map((cell) => cell(row as never, asked))),
    );
  if (groups === undefined) return of(words.title, rows);
  const parts: { readonly title: string; readonly about: string; readonly rows: unknown[] }[] = [];
  for (const row of rows) {
    const group = groups(row as never, asked);
    const last = parts.at(-1);
    if (last?.title === group.title) last.rows.push(row);
    else parts.push({ ...group, rows: [row] });
  }
  return html`${parts.map((part) => html`<h2>${part.title}</h2>${part.about === '' ? undefined : html`<p lang="en">${part.about}</p>`}${of(part.title, part.rows)}`)}`;
}

/** The first rows of a register, as part of another page. `input` filters them. */
export async function registerTable<N extends OperationName>(
  asked: Asked,
  register: Register<N>,
  input: Input,
): Promise<Html> {
  const { rows, next } = await partOf(asked, register, input, null);
  const more = next === undefined ? undefined : html`<p class="soft">${REGISTER[asked.language].first}</p>`;
  return html`${tableOf(asked, register, rows)}${more}`;
}

async function registerPage(asked: Asked, register: Register): Promise<Reply> {
  const { path, deeds = [], rowDeeds = [], words: both } = register;
  const [words, said] = [both[asked.language], REGISTER[asked.language]];
  const wanted = wantedOf(asked, register);
  const after = asked.query.get('after');
  let part: Part = { rows: [] };
  let wrong: AdminError | undefined;
  if (wanted.problems.size === 0)
    try {
      part = await partOf(asked, register, wanted.input, after);
    } catch (error) {
      // A filter names something that does not exist. The form stays, with what was typed.
      if (!(error instanceof AdminError && ['invalid', 'unknown'].includes(error.kind))) throw error;
      wrong = error;
    }
  const isWrong = wrong !== undefined || wanted.problems.size > 0;
  const links = [
    after === null
      ? undefined
      : html`<a class="button second" href="${address(path, wanted.typed)}">${said.begin}</a> `,
    part.next === undefined
      ? undefined
      : html`<a class="button second" rel="next" href="${address(path, wanted.typed, { after: part.next })}">${said.next}</a> `,
    isWrong ? undefined : html`<a class="button second" href="${address(`${path}.csv`, wanted.typed)}">${said.csv}</a>`,
  ];
  return {
    kind: 'page',
    status: isWrong ? 422 : 200,
    title: words.title,
    body: html`${doneNote(asked, [...deeds, ...rowDeeds])}<p>${words.about}</p>
${deedButtons(asked, deeds)}${register.beside?.(asked, part.rows as never)}
${wrong === undefined ? undefined : note('bad', html`<p role="alert">${said.wrong}</p><p lang="en">${wrong.message}</p>`)}
${filterForm(asked, register, wanted)}
<div class="card">${isWrong ? undefined : tableOf(asked, register, part.rows)}
<p>${links}</p></div>`,
  };
}

function filterForm(
  { language }: Asked,
  { path, words }: Register,
  { filters, typed, problems }: Wanted,
): Html | undefined {
  if (filters.length === 0) return undefined;
  const said = REGISTER[language];
  const clear = typed.size === 0 ? undefined : html` <a class="button second" href="${path}">${said.all}</a>`;
  return html`<div class="card"><form action="${path}" role="search" aria-label="${said.filter}">
${fieldsHtml(filters, { language, words: words[language].filters ?? {}, typed: (key) => typed.get(key) ?? '', problems })}
<button>${said.filter}</button>${clear}
</form></div>`;
}

/** A page of a register, which names its register so that the tests can try them all. */
export interface RegisterPage extends Page {
  readonly register: Register;
}

/** The page of the register, and its file. */
export function registerPages<N extends OperationName>(given: Register<N>): readonly RegisterPage[] {
  const register = given as unknown as Register;
  const { path, operation, filters = [] } = register;
  const row = listRow(operation);
  fieldsOf(operation, filters);
  const access = rightOf(operation);
  return [
    { register, method: 'GET', path, access, run: (asked) => registerPage(asked, register) },
    {
      register,
      method: 'GET',
      path: `${path}.csv`,
      access,
      run: async (asked) => {
        const { input, problems } = wantedOf(asked, register);
        const [wrong] = problems.values();
        if (wrong !== undefined) throw new AdminError('invalid', wrong);
        const { header } = row.other?.(inputOf({ in: row.in }, input)) ?? row;
        const rows = async (page: Input): Promise<readonly unknown[]> =>
          (await asked.operate(operation, { ...input, ...page })) as readonly unknown[];
        return await csvOf(path.slice(1).replaceAll('/', '-'), { ...row, header: row.csvHeader ?? header }, rows);
      },
    },
  ];
}
