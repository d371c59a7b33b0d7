/** The pages of a deed: what it asks for, what it would do, and why it is done. */
import type { AdminError } from '../../admin/error.ts';
import type { Input } from '../../admin/input.ts';
import type { OperationName } from '../../admin/operations.ts';
import { inputOf } from '../../commands/core/operations.ts';
import { rowNamed } from '../../commands/table.ts';
import { type Html, html } from '../../http/html.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import type { Asked } from '../core/page.ts';
import { note } from '../../web/look/parts.ts';
import { callerHtml } from './caller.ts';
import { DEED } from './deed-words.ts';
import { type Deed, backPath, deedFields, deedPath, isGrave, nameToType } from './deed.ts';
import { type Field, type FieldProblems, fieldsHtml, readFields } from '../../web/parts/fields.ts';
import { MAX_REASON } from './reason.ts';

export interface Wrong {
  readonly text: string;
  /** The gateway's own text, in English. */
  readonly detail?: string;
  readonly fields?: FieldProblems;
  readonly status?: number;
}

/** True if the form must be filled in before the command can tell what it would do. */
export const isPlanned = ({ looksFirst, fields = [] }: Deed): boolean => looksFirst !== undefined && fields.length > 0;

/** True if the command can tell beforehand what it would do, and needs no signature for that. */
export function hasPlan(operation: OperationName, input: Input): boolean {
  const row = rowNamed(operation);
  if (!('dryRun' in row.in) || !('isLook' in row)) return false;
  return row.isLook(inputOf({ in: row.in }, { ...input, 'dry-run': true }));
}

/**
 * What the command says it would do, in its own words. Undefined if it says nothing. Throws
 * AdminError.
 */
export async function planOf(asked: Asked, operation: OperationName, input: Input): Promise<string | undefined> {
  const row = rowNamed(operation);
  if (!('say' in row)) return undefined;
  const wanted = { ...input, 'dry-run': true };
  const result: unknown = await asked.operate(operation, wanted);
  return row.say(result, inputOf({ in: row.in }, wanted));
}

/** The plan as the command writes it: in English, one paragraph a line. */
export const planHtml = (told: string): Html =>
  html`<div lang="en">${told.split('\n').map((line) => html`<p>${line}</p>`)}</div>`;

async function wouldDo(asked: Asked, deed: Deed, input: Input): Promise<Html | undefined> {
  const told = deed.looksFirst === undefined ? undefined : await planOf(asked, deed.operation, input);
  return told === undefined ? undefined : planHtml(told);
}

/** The first page. It asks for everything, or, if there is a plan, for what the plan needs. */
export async function formPage(asked: Asked, deed: Deed, wrong?: Wrong): Promise<Reply> {
  const { params, language, field } = asked;
  const [words, said] = [DEED[language], deed.words[language]];
  const planned = isPlanned(deed);
  const told = planned ? undefined : await wouldDo(asked, deed, deed.input(params));
  const problems = wrong?.fields;
  return framed(asked, deed, wrong, {
    told,
    rows: html`${fieldsHtml(deedFields(deed), { language, words: said.fields ?? {}, typed: field, ...(problems && { problems }) })}`,
    // Enter presses the first button of a form. It shows the plan, which changes nothing.
    end: planned
      ? html`<button name="look" value="yes">${words.look}</button>`
      : html`${whyHtml(asked, deed)}<button>${said.button}</button>`,
  });
}

/**
 * The second page shows the plan, and carries on exactly the values that the plan is about: `14d`
 * becomes the moment that it meant when the plan was made.
 */
export async function planPage(
  asked: Asked,
  deed: Deed,
  wrong: Wrong | undefined,
  refused: (error: unknown) => AdminError,
): Promise<Reply> {
  const { params, language, now, field } = asked;
  const [words, said] = [DEED[language], deed.words[language]];
  const fields = deedFields(deed);
  const { input, problems } = readFields(fields, { language, field, now });
  if (problems.size > 0) return await formPage(asked, deed, { text: words.wrong, fields: problems });
  let told: Html | undefined;
  try {
    told = await wouldDo(asked, deed, { ...input, ...deed.input(params) });
  } catch (error) {
    return await formPage(asked, deed, { text: words.wrong, detail: refused(error).message });
  }
  const hidden = (name: string, value: string): Html => html`<input type="hidden" name="${name}" value="${value}">`;
  return framed(asked, deed, wrong, {
    told: html`<p><b>${words.plan}</b></p>${told}`,
    rows: html`${fields.map((one) => hidden(one.key, frozen(asked, one, input[one.name])))}`,
    end: html`${whyHtml(asked, deed)}<button>${said.button}</button> <button class="second" name="look" value="no" formnovalidate>${words.change}</button>`,
  });
}

/** A text that will be read as this value again. If there is none, what was typed. */
function frozen({ language, now, field }: Asked, one: Field, value: unknown): string {
  if (value === undefined) return '';
  const plain = typeof value === 'string' || typeof value === 'number' ? String(value) : field(one.key);
  const text = Array.isArray(value) ? value.join('\n') : value === true ? 'yes' : plain;
  const { input } = readFields([one], { language, now, field: () => text });
  return JSON.stringify(input[one.name]) === JSON.stringify(value) ? text : field(one.key);
}

interface Parts {
  readonly told: Html | undefined;
  readonly rows: Html;
  readonly end: Html;
}

function framed(asked: Asked, deed: Deed, wrong: Wrong | undefined, { told, rows, end }: Parts): Reply {
  const { params, language } = asked;
  const said = deed.words[language];
  const grave = isGrave(deed, rowNamed(deed.operation));
  return {
    kind: 'page',
    status: wrong === undefined ? 200 : (wrong.status ?? 422),
    title: [said.button, ...Object.values(params)].join(': '),
    body: html`${wrong === undefined ? undefined : html`<div class="card note bad" role="alert"><p>${wrong.text}</p>${wrong.detail?.split('\n').map((line) => html`<p lang="en">${line}</p>`)}</div>`}${note(grave ? 'bad' : 'warn', html`<p>${said.what}</p>${told}`)}
<div class="card"><form method="post" action="${deedPath(deed, params)}">
<input type="hidden" name="token" value="${visitorOf(asked).token}">
${rows}
${end} <a class="button second" href="${backPath(deed, params)}">${DEED[language].back}</a>
</form></div>`,
  };
}

/** The name to type as confirmation, the reason, and how the operator knows who calls. */
function whyHtml(asked: Asked, deed: Deed): Html {
  const { field, language, params } = asked;
  const words = DEED[language];
  const typed = nameToType(deed, params);
  return html`${typed === undefined ? undefined : html`<label for="confirm">${words.confirm} ${typed}</label><input type="text" id="confirm" name="confirm" required maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" value="${field('confirm')}">`}
<label for="reason">${words.reason}</label><span class="hint" id="reason-hint">${words.reasonHint}</span>
<input type="text" id="reason" name="reason" required maxlength="${MAX_REASON}" autocomplete="off" aria-describedby="reason-hint" value="${field('reason')}">
${deed.caller !== undefined ? callerHtml(asked) : undefined}
`;
}
