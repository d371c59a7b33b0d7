/** Answers the form of a deed: shows the plan, or does the deed. */
import { AdminError } from '../../admin/error.ts';
import { rightOf } from '../../admin/operations.ts';
import { rowNamed } from '../../commands/table.ts';
import { grouped } from '../../crypto/keys/base32.ts';
import { defined } from '../../domain/defined.ts';
import { html } from '../../http/html.ts';
import { givenFile } from '../../web/core/given-file.ts';
import type { Reply } from '../../web/core/page.ts';
import type { Along, Asked, Page } from '../core/page.ts';
import { note } from '../../web/look/parts.ts';
import { CALLER_FACT, callerIn, reasonWith } from './caller.ts';
import { type Wrong, formPage, isPlanned, planPage } from './deed-form.ts';
import { DEED } from './deed-words.ts';
import { type Deed, backPath, deedFields, deedName, isGrave, nameToType } from './deed.ts';
import { readFields } from '../../web/parts/fields.ts';
import { MAX_REASON, reasonIn } from './reason.ts';

/**
 * An error that the reader can mend is shown above the form. Any other error is thrown on and gets
 * a page of its own.
 */
function refusal(error: unknown): AdminError {
  if (error instanceof AdminError && ['invalid', 'unknown', 'conflict', 'ended'].includes(error.kind)) return error;
  throw error;
}

/** The form again, with what is missing. */
const again = async (asked: Asked, deed: Deed, wrong: Wrong): Promise<Reply> =>
  isPlanned(deed) ? await planPage(asked, deed, wrong, refusal) : await formPage(asked, deed, wrong);

async function answerForm(asked: Asked, deed: Deed): Promise<Reply> {
  const look = isPlanned(deed) ? asked.field('look') : '';
  if (look === 'no') return await formPage(asked, deed);
  return look === '' ? await doIt(asked, deed) : await planPage(asked, deed, undefined, refusal);
}

async function doIt(asked: Asked, deed: Deed): Promise<Reply> {
  const { params, field, language, now, operate } = asked;
  const words = DEED[language];
  const reason = reasonIn(field);
  const caller = callerIn(field);
  const { input, problems } = readFields(deedFields(deed), { language, field, now });
  if (reason === '' || reason.length > MAX_REASON || (deed.caller !== undefined && caller === undefined))
    return await again(asked, deed, {
      text: deed.caller === undefined ? words.noReason : words.missing,
      fields: problems,
    });
  if (problems.size > 0) return await formPage(asked, deed, { text: words.wrong, fields: problems });
  const typed = nameToType(deed, params);
  if (typed !== undefined && field('confirm').trim() !== typed)
    return await again(asked, deed, { text: `${words.otherName} ${typed}` });
  const why = deed.caller === true && caller !== undefined ? reasonWith(reason, caller) : reason;
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

/**
 * The page after a deed: its result, which is shown once; or what went wrong in a part of it. If
 * there is neither, the browser is sent back.
 */
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

/**
 * What went wrong in a part of a deed that was otherwise done, such as a revocation list that could
 * not be written.
 */
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

/** A page of a deed, which names its deed so that the tests can try them all. */
export interface DeedPage extends Page {
  readonly deed: Deed;
}

export const deedPagesOf = (deeds: readonly Deed[]): readonly DeedPage[] =>
  deeds.flatMap((deed): readonly DeedPage[] => {
    const { path } = deed;
    const access = rightOf(deed.operation);
    const proven = isGrave(deed, rowNamed(deed.operation)) ? (true as const) : undefined;
    // Throws when the program starts, and not when somebody opens the page, if a field is no input
    // of the operation.
    deedFields(deed);
    return [
      { deed, method: 'GET', path, access, run: (asked) => formPage(asked, deed), ...defined({ proven }) },
      { deed, method: 'POST', path, access, run: (asked) => answerForm(asked, deed), ...defined({ proven }) },
    ];
  });
