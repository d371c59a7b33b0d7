/**
 * An import: pages for an operation that takes a CSV file. It is declared once. The command table
 * decides what its options may hold, whether a name must be typed, whether two people must sign,
 * and whether the operator must prove himself again. The operation itself checks the file
 * (`dry-run`), and the button uses that very file.
 */
import { Readable } from 'node:stream';
import { AdminError } from '../../admin/error.ts';
import type { Input } from '../../admin/input.ts';
import { type OperationName, rightOf } from '../../admin/operations.ts';
import { inputOf } from '../../commands/core/operations.ts';
import { type AnyRow, confirmOf } from '../../commands/core/row.ts';
import { rowNamed } from '../../commands/table.ts';
import { defined } from '../../domain/defined.ts';
import { seconds } from '../../domain/units.ts';
import { type Html, attributes, html } from '../../http/html.ts';
import { FILE_FIELD } from '../../http/file-form.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import type { ConsoleServices } from '../core/services.ts';
import { list, note } from '../../web/look/parts.ts';
import {
  type Both,
  type Field,
  type FieldProblems,
  type FieldWords,
  fieldsHtml,
  fieldsOf,
  readFields,
} from '../../web/parts/fields.ts';
import { callerIn, reasonWith } from './caller.ts';
import { DEED } from './deed-words.ts';
import { type HeldImport, MAX_FILE } from './held-imports.ts';
import { carryOut, lookAt } from './import-run.ts';
import { IMPORT } from './import-words.ts';
import { importStatePage, wrongLinesFile } from './import-state.ts';
import { peopleHtml, peopleIn } from './people.ts';
import { reasonIn } from './reason.ts';

export interface ImportWords {
  readonly title: string;
  /** What it does, and how to undo it. */
  readonly what: string;
  readonly fields?: Readonly<Record<string, FieldWords>>;
}

export interface Import {
  /** Path of its page: `/imports/accounts`. */
  readonly path: string;
  readonly operation: OperationName;
  /**
   * An example of the first line of the file. Without it there is no file: the lines are made from
   * people that somebody types (people.ts).
   */
  readonly header?: string;
  /** Inputs that the form asks for beside the file, by their names in the operation. */
  readonly fields?: readonly string[];
  /** Those of `fields` that must be filled in. */
  readonly needs?: readonly string[];
  /** Input that is the same for every file. */
  readonly always?: Input;
  /**
   * The operator must prove himself again, although the command table asks for no signature and no
   * typed name. It is for imports that no other button undoes.
   */
  readonly proven?: true;
  /** The import may have been asked for on the telephone. */
  readonly caller?: true;
  /** Those of `fields` whose box is ticked at first, because nearly every file needs them. */
  readonly ticked?: readonly string[];
  /** Accounts that it leaves without a password get letters with codes. */
  readonly letters?: true;
  /** The text of the result, for an operation that has no text of its own. */
  readonly say?: (result: never) => string;
  readonly words: Both<ImportWords>;
}

/**
 * How long the browser waits for a small file. After that it gets a page that shows the work in
 * progress.
 */
const PATIENCE = seconds(2);

/**
 * True if the visitor acts for one organisation. Such an operator imports nothing, since the lines
 * of a file can name any organisation.
 */
export const isForOne = ({ visitor }: Asked): boolean => visitor?.session.holder.organisation !== undefined;

function refuseForOne(asked: Asked): void {
  if (isForOne(asked))
    throw new AdminError('forbidden', 'Cannot import for one organisation: the lines of a file name anybody');
}

interface Wrong {
  readonly text: string;
  /** Texts of the gateway, in English. */
  readonly told?: readonly string[];
  readonly fields?: FieldProblems;
}

function formPage(asked: Asked, of: Import, wrong?: Wrong): Reply {
  refuseForOne(asked);
  const { language, field } = asked;
  const [words, said] = [IMPORT[language], of.words[language]];
  const fields = fieldsIn(of);
  const ticked = new Set(fieldsOf(of.operation, of.ticked ?? []).map(({ key }) => key));
  const typed = (key: string): string => (wrong === undefined && ticked.has(key) ? 'yes' : field(key));
  return {
    kind: 'page',
    status: wrong === undefined ? 200 : 422,
    title: said.title,
    body: html`${wrong === undefined ? undefined : note('bad', html`<div role="alert"><p>${wrong.text}</p>${wrong.told === undefined ? undefined : html`<div lang="en">${list(wrong.told)}</div>`}</div>`)}<p>${said.what}</p><p>${words.lead}</p>
<div class="card"><form method="post" action="${of.path}"${attributes({ enctype: of.header === undefined ? undefined : 'multipart/form-data' })}>
<input type="hidden" name="token" value="${visitorOf(asked).token}">
${fieldsHtml(fields, { language, words: said.fields ?? {}, typed, ...(wrong?.fields && { problems: wrong.fields }) })}
${of.header === undefined ? peopleHtml(asked) : fileHtml(words, of.header)}
<button>${words.look}</button> <a class="button second" href="/imports">${words.all}</a>
</form></div>`,
  };
}

const fileHtml = (words: (typeof IMPORT)['nl'], header: string): Html =>
  html`<label for="file">${words.file}</label><span class="hint" id="file-hint">${words.format} ${words.header} <code>${header}</code></span>
<input type="file" id="file" name="${FILE_FIELD}" accept=".csv,text/csv" required aria-describedby="file-hint">`;

/** The fields of the form. */
const fieldsIn = ({ operation, fields = [], needs = [] }: Import): readonly Field[] =>
  fieldsOf(operation, fields).map((field) =>
    needs.includes(field.name) ? { ...field, param: { ...field.param, optional: false } } : field,
  );

async function look(asked: Asked, of: Import, { imports, log, clock }: ConsoleServices): Promise<Reply> {
  refuseForOne(asked);
  const { language, field, now } = asked;
  const words = IMPORT[language];
  const { input, problems } = readFields(fieldsIn(of), { language, field, now });
  if (problems.size > 0) return formPage(asked, of, { text: words.wrong, fields: problems });
  const people = of.header === undefined ? peopleIn(field, String(input['new-organisation'])) : undefined;
  const file = people?.file ?? asked.file;
  if (file === undefined) return formPage(asked, of, { text: of.header === undefined ? words.noPeople : words.noFile });
  const session = visitorOf(asked).session.id;
  const wanted = {
    path: of.path,
    session,
    input: { ...input, ...of.always },
    ...defined({ accounts: people?.addresses }),
  };
  const one = await imports.hold(wanted, file);
  await whileWaiting(clock, lookAt(asked, { ...of, log }, one));
  // Typed names are corrected in the form in which they were typed.
  if (people !== undefined && (one.state.kind === 'wrong' || one.state.kind === 'failed')) {
    const { state } = one;
    imports.drop(one);
    const told =
      state.kind === 'failed'
        ? [state.text]
        : state.lines.map(({ line, text }) => [people.typed[line - 2], text].filter(Boolean).join(': '));
    return formPage(asked, of, { text: words.wrong, told });
  }
  return { kind: 'see', to: `${of.path}/${one.id}` };
}

/** Resolves when the work is done, or after PATIENCE; then the work continues on its own. */
const whileWaiting = (clock: ConsoleServices['clock'], work: Promise<void>): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = clock.after(PATIENCE, resolve);
    work.then(resolve, reject).finally(() => timer.cancel());
  });

/** Finds a held file. Throws AdminError if there is none, or if it belongs to another session. */
function heldOf(asked: Asked, { path }: Import, { imports }: ConsoleServices): HeldImport {
  refuseForOne(asked);
  const one = imports.of(asked.params.id ?? '', path, visitorOf(asked).session.id);
  if (one !== undefined) return one;
  throw new AdminError(
    'unknown',
    'Cannot show it: this gateway no longer holds that file for you, since it was used, half an hour has passed, or the gateway has started since; give it again',
  );
}

async function press(asked: Asked, of: Import, services: ConsoleServices): Promise<Reply> {
  const one = heldOf(asked, of, services);
  const { state } = one;
  const at = `${of.path}/${one.id}`;
  // The button was pressed twice; only the first time counts.
  if (state.kind !== 'right' && state.kind !== 'waits') return { kind: 'see', to: at };
  const words = IMPORT[asked.language];
  const reason = reasonIn(asked.field);
  if (reason === '') return shown(asked, of, one, words.noReason);
  const typed = nameToType(of, one.input);
  if (typed !== undefined && asked.field('confirm').trim() !== typed)
    return shown(asked, of, one, `${words.otherName} ${typed}`);
  const caller = callerIn(asked.field);
  if (of.caller === true && caller === undefined) return shown(asked, of, one, DEED[asked.language].missing);
  const why = of.caller === true && caller !== undefined ? reasonWith(reason, caller) : reason;
  const approval = state.kind === 'waits' ? state.request : undefined;
  const work = carryOut(asked, { ...of, log: services.log }, one, why, approval, state.result);
  await whileWaiting(services.clock, work);
  return { kind: 'see', to: at };
}

/** The name to type as confirmation, if the command asks for one. */
function nameToType({ operation }: Import, input: Input): string | undefined {
  const row: AnyRow = rowNamed(operation);
  return confirmOf(row)?.name(inputOf({ in: row.in }, input));
}

const isGrave = ({ operation, proven }: Import): boolean => {
  const row = rowNamed(operation);
  return proven === true || confirmOf(row) !== undefined || 'second' in row;
};

/** What the operation says of its result, line by line. */
function told({ operation, say }: Import, input: Input, result: unknown, isLook: boolean): readonly string[] {
  const row = rowNamed(operation);
  const text =
    say?.(result as never) ??
    ('say' in row ? row.say(result, inputOf({ in: row.in }, { ...input, 'dry-run': isLook })) : '');
  return text.split('\n').filter((line) => line !== '');
}

const shown = (asked: Asked, of: Import, one: HeldImport, wrong?: string): Reply =>
  importStatePage(asked, {
    at: `${of.path}/${one.id}`,
    path: of.path,
    title: of.words[asked.language].title,
    one,
    grave: isGrave(of),
    caller: of.caller === true,
    told: 'result' in one.state ? told(of, one.input, one.state.result, one.state.kind !== 'done') : [],
    ...defined({ confirm: nameToType(of, one.input), wrong }),
  });

/** Gives the letters out once, because whoever has them can set passwords. */
function letters(asked: Asked, of: Import, services: ConsoleServices): Reply {
  const one = heldOf(asked, of, services);
  const text = one.state.kind === 'done' ? one.state.letters.text : undefined;
  if (one.state.kind !== 'done' || text === undefined) return { kind: 'see', to: `${of.path}/${one.id}` };
  delete one.state.letters.text;
  return { kind: 'download', name: 'letters.txt', type: 'text/plain; charset=utf-8', pieces: Readable.from([text]) };
}

/** A page of an import, which names its import so that the tests can try them all. */
export interface ImportPage extends Page {
  readonly import: Import;
}

export function importPagesOf(of: Import): readonly ImportPage[] {
  const { path, operation } = of;
  const access = rightOf(operation);
  // Throws when the program starts if a field is no input of the operation.
  fieldsIn(of);
  const proven = isGrave(of) ? (true as const) : undefined;
  const page = (method: Page['method'], more: string, run: Page['run'], also: Partial<Page> = {}): ImportPage => ({
    ...also,
    import: of,
    method,
    path: `${path}${more}`,
    access,
    run,
  });
  return [
    page('GET', '', (asked) => formPage(asked, of)),
    page(
      'POST',
      '',
      (asked, services) => look(asked, of, services),
      defined({ takesFile: of.header === undefined ? undefined : MAX_FILE }),
    ),
    page('GET', '/{id}', (asked, services) => shown(asked, of, heldOf(asked, of, services))),
    page('GET', '/{id}/lines', (asked, services) => wrongLinesFile(heldOf(asked, of, services))),
    page('POST', '/{id}/run', (asked, services) => press(asked, of, services), defined({ proven })),
    page('POST', '/{id}/letters', (asked, services) => letters(asked, of, services)),
  ];
}
