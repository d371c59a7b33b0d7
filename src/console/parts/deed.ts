/**
 * What an operator does, each in two steps: a page that says what will happen and asks for what is needed and why, and the deed.
 *
 * A deed is declared once. What its fields may hold, whether a name must be typed, whether two must sign and whether the key must be touched again follow from
 * the command table; rights are judged there.
 */
import { AdminError } from '../../admin/context.ts';
import type { Input } from '../../admin/input.ts';
import { type OperationName, rightOf } from '../../admin/operations.ts';
import { inputOf } from '../../commands/core/operations.ts';
import { type AnyOperation, type AnyRow, confirmOf } from '../../commands/core/row.ts';
import { rowNamed } from '../../commands/table.ts';
import { grouped } from '../../crypto/base32.ts';
import { defined } from '../../domain/defined.ts';
import { type Html, attributes, html } from '../../http/html.ts';
import { givenFile } from '../core/given-file.ts';
import { type Along, type Asked, type Download, type Page, type Reply, visitorOf } from '../core/page.ts';
import { note } from '../look/parts.ts';
import { DEED } from './deed-words.ts';
import { MAX_REASON, reasonIn } from './reason.ts';
import {
  type Both,
  type Field,
  type FieldProblems,
  type FieldWords,
  fieldsHtml,
  fieldsOf,
  readFields,
} from './fields.ts';

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
  /** Where whoever has done it is sent; left out: to the page before the last segment. */
  readonly back?: string;
  readonly operation: OperationName;
  /** What the path says of its input. */
  readonly input: (params: PathParams) => Input;
  /** Inputs that are asked for, as the operation calls them. */
  readonly fields?: readonly string[];
  /** The key must have been touched though the table asks for no signature and no typed name: no button undoes it. */
  readonly proven?: true;
  /**
   * Somebody may have asked for it on the telephone: how it is known who that was is asked for as well, and stands behind the reason. `apart`: others read the reason, so it stands in the
   * trail alone.
   */
  readonly caller?: true | 'apart';
  /** The command tells beforehand what it would do, with `dry-run`: its page shows that. */
  readonly looksFirst?: true;
  /** What is shown once, in place of the way back; undefined: there is nothing to show. */
  readonly shows?: (result: never, asked: Asked) => Html | undefined;
  /** Its result is a file, to be kept by whoever asked. */
  readonly gives?: (input: Input) => Pick<Download, 'name' | 'type'>;
  readonly words: Both<DeedWords>;
}

type Caller = keyof (typeof DEED)['en']['callers'];
const CALLERS = Object.keys(DEED.en.callers) as Caller[];
/** The trail is in one language. */
const CALLER_FACT: Readonly<Record<Caller, string>> = {
  called: 'called back',
  known: 'checked by questions',
  present: 'seen in person',
  own: 'none',
};
const behindReason = (caller: Caller): string => (caller === 'own' ? 'no caller' : `caller: ${CALLER_FACT[caller]}`);

const pathOf = (path: string, params: PathParams): string =>
  path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? ''));

export const deedPath = ({ path }: Pick<Deed, 'path'>, params: PathParams = {}): string => pathOf(path, params);
export const deedName = ({ path }: Pick<Deed, 'path'>): string => path.slice(path.lastIndexOf('/') + 1);
const backPath = ({ path, back = path.slice(0, path.lastIndexOf('/')) }: Deed, params: PathParams): string =>
  pathOf(back, params);

/** A deed that takes a signature, a typed name, or is not undone by another command. */
const isGrave = (deed: Deed, row: AnyOperation): boolean =>
  deed.proven === true || confirmOf(row) !== undefined || 'second' in row;

/** The fields of the form, and what the path says. Only these reach the operation. */
export const deedFields = ({ operation, fields = [] }: Deed): readonly Field[] => fieldsOf(operation, fields);

/** The name that is typed to confirm it, where the command asks for that. Throws AdminError for a path that names nothing. */
function nameToType({ input, operation }: Deed, params: PathParams): string | undefined {
  const row: AnyRow = rowNamed(operation);
  const confirm = confirmOf(row);
  return confirm?.name(inputOf({ in: row.in }, input(params)));
}

interface Wrong {
  readonly text: string;
  /** Of the gateway, in English. */
  readonly detail?: string;
  readonly fields?: FieldProblems;
  readonly status?: number;
}

/** What the command says it would do, in its own words. */
async function wouldDo({ operate, params }: Asked, { operation, input, looksFirst }: Deed): Promise<Html | undefined> {
  const row = rowNamed(operation);
  if (looksFirst !== true || !('say' in row)) return undefined;
  const wanted = { ...input(params), 'dry-run': true };
  const told = row.say(await operate(operation, wanted), inputOf({ in: row.in }, wanted));
  return html`<div lang="en">${told.split('\n').map((line) => html`<p>${line}</p>`)}</div>`;
}

async function formPage(asked: Asked, deed: Deed, wrong?: Wrong): Promise<Reply> {
  const { params, language, field } = asked;
  const [words, said] = [DEED[language], deed.words[language]];
  const fields = deedFields(deed);
  const typed = nameToType(deed, params);
  const row = rowNamed(deed.operation);
  const grave = isGrave(deed, row);
  const told = await wouldDo(asked, deed);
  const choice = (one: Caller): Html =>
    html`<label class="choice"><input type="radio" name="caller" value="${one}" required${attributes({ checked: one === field('caller') })}>${words.callers[one]}</label>`;
  return {
    kind: 'page',
    status: wrong === undefined ? 200 : (wrong.status ?? 422),
    title: [said.button, ...Object.values(params)].join(': '),
    body: html`${wrong === undefined ? undefined : html`<div class="card note bad" role="alert"><p>${wrong.text}</p>${wrong.detail === undefined ? undefined : html`<p lang="en">${wrong.detail}</p>`}</div>`}${note(grave ? 'bad' : 'warn', html`<p>${said.what}</p>${told}`)}
<div class="card"><form method="post" action="${deedPath(deed, params)}">
<input type="hidden" name="token" value="${visitorOf(asked).token}">
${fieldsHtml(fields, { language, words: said.fields ?? {}, typed: field, ...(wrong?.fields && { problems: wrong.fields }) })}
${typed === undefined ? undefined : html`<label for="confirm">${words.confirm} ${typed}</label><input type="text" id="confirm" name="confirm" required maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" value="${field('confirm')}">`}
<label for="reason">${words.reason}</label><span class="hint" id="reason-hint">${words.reasonHint}</span>
<input type="text" id="reason" name="reason" required maxlength="${MAX_REASON}" autocomplete="off" aria-describedby="reason-hint" value="${field('reason')}">
${deed.caller !== undefined ? html`<fieldset><legend>${words.caller}</legend>${CALLERS.map(choice)}</fieldset>` : undefined}
<button>${said.button}</button> <a class="button second" href="${backPath(deed, params)}">${words.back}</a>
</form></div>`,
  };
}

async function doIt(asked: Asked, deed: Deed): Promise<Reply> {
  const { params, field, language, now, operate } = asked;
  const words = DEED[language];
  const reason = reasonIn(field);
  const caller = CALLERS.find((one) => one === field('caller'));
  const { input, problems } = readFields(deedFields(deed), { language, field, now });
  if (reason === '' || reason.length > MAX_REASON || (deed.caller !== undefined && caller === undefined))
    return await formPage(asked, deed, {
      text: deed.caller === undefined ? words.noReason : words.missing,
      fields: problems,
    });
  if (problems.size > 0) return await formPage(asked, deed, { text: words.wrong, fields: problems });
  const typed = nameToType(deed, params);
  if (typed !== undefined && field('confirm').trim() !== typed)
    return await formPage(asked, deed, { text: `${words.otherName} ${typed}` });
  const why = deed.caller === true && caller !== undefined ? `${reason} (${behindReason(caller)})` : reason;
  try {
    const wanted = { ...input, ...deed.input(params) };
    const along: Along = deed.caller === 'apart' && caller !== undefined ? { caller: CALLER_FACT[caller] } : {};
    if (deed.gives !== undefined)
      return await givenFile(deed.gives(wanted), asked.signal, (send) =>
        operate(deed.operation, wanted, why, { ...along, send }),
      );
    const result: unknown = await operate(deed.operation, wanted, why, along);
    return donePage(asked, deed, result);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    if (error.kind === 'approval' && error.request !== undefined) return waits(asked, deed, error.request);
    if (error.kind === 'invalid' && deed.fields !== undefined)
      return await formPage(asked, deed, { text: words.wrong, detail: error.message });
    throw error;
  }
}

/** It was done: what is shown once, what of it did not come to its end, or the way back. */
export function donePage(asked: Asked, deed: Deed, result: unknown): Reply {
  const { params, language } = asked;
  const problem = problemIn(result);
  const shown = deed.shows?.(result as never, asked);
  const to = backPath(deed, params);
  if (problem === undefined && shown === undefined) return { kind: 'see', to: `${to}?done=${deedName(deed)}` };
  const { done, button } = deed.words[language];
  return {
    kind: 'page',
    title: [button, ...Object.values(params)].join(': '),
    body: html`${note('good', html`<p role="status">${done}</p>`)}${problem === undefined ? undefined : note('bad', html`<p>${DEED[language].but}: <span lang="en">${problem}</span></p>`)}${shown}<p><a class="button second" href="${to}">${DEED[language].back}</a></p>`,
  };
}

/** It was done, and something of it did not come to its end: a revocation list that could not be written. */
const problemIn = (result: unknown): string | undefined =>
  typeof result === 'object' && result !== null && 'problem' in result && typeof result.problem === 'string'
    ? result.problem
    : undefined;

function waits({ params, language }: Asked, deed: Deed, request: string): Reply {
  const words = DEED[language];
  return {
    kind: 'page',
    title: deed.words[language].button,
    body: html`${note('warn', html`<p role="status"><b>${words.waits}</b></p><p>${words.sign} <code>sluis approve ${grouped(request)}</code></p>`)}
<p><a class="button" href="/approvals/${request}">${words.toRequest}</a> <a class="button second" href="${backPath(deed, params)}">${words.back}</a></p>`,
  };
}

/** What is said above the page that a deed was done to. */
export function doneNote(asked: Asked, deeds: readonly Deed[]): Html | undefined {
  const done = deeds.find((deed) => deedName(deed) === asked.query.get('done'));
  return done && note('good', html`<p role="status">${done.words[asked.language].done}</p>`);
}

/** As buttons: those that whoever is logged in may do. */
export function deedButtons(
  { may, language }: Asked,
  deeds: readonly Deed[],
  params: PathParams = {},
): Html | undefined {
  const offered = deeds.filter(({ operation }) => may(rightOf(operation)));
  if (offered.length === 0) return undefined;
  return html`<ul class="deeds">${offered.map((deed) => html`<li><a class="button second" href="${deedPath(deed, params)}">${deed.words[language].button}</a></li>`)}</ul>`;
}

/** As links in a row of a table. */
export const deedLinks = ({ may, language }: Asked, deeds: readonly Deed[], params: PathParams, name: string): Html =>
  html`${deeds
    .filter(({ operation }) => may(rightOf(operation)))
    .map(
      (deed) =>
        html`<a href="${deedPath(deed, params)}" aria-label="${`${deed.words[language].button}: ${name}`}">${deed.words[language].button}</a> `,
    )}`;

/** A page of a deed, which says what it is: the tests walk all of them. */
export interface DeedPage extends Page {
  readonly deed: Deed;
}

export const deedPagesOf = (deeds: readonly Deed[]): readonly DeedPage[] =>
  deeds.flatMap((deed): readonly DeedPage[] => {
    const { path } = deed;
    const access = rightOf(deed.operation);
    const proven = isGrave(deed, rowNamed(deed.operation)) ? (true as const) : undefined;
    // Fields that no operation has are found when the program starts, not by who opens the page.
    deedFields(deed);
    return [
      { deed, method: 'GET', path, access, run: (asked) => formPage(asked, deed), ...defined({ proven }) },
      { deed, method: 'POST', path, access, run: (asked) => doIt(asked, deed), ...defined({ proven }) },
    ];
  });
