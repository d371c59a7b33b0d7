/**
 * The page of a file that was given: how far the work is; every wrong line; what would happen and
 * the button for it; or what was done.
 */
import type { CsvProblem } from '../../domain/csv-problem.ts';
import { csv } from '../../cli/output.ts';
import { grouped } from '../../crypto/keys/base32.ts';
import { type Html, html } from '../../http/html.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import type { Asked } from '../core/page.ts';
import { card, list, note, table } from '../../web/look/parts.ts';
import type { HeldImport, ImportState } from './held-imports.ts';
import { callerHtml } from './caller.ts';
import { IMPORT } from './import-words.ts';
import { MAX_REASON } from './reason.ts';

export interface Shown {
  /** Path of the page of this file. */
  readonly at: string;
  readonly path: string;
  readonly title: string;
  readonly one: HeldImport;
  readonly grave: boolean;
  /** Text of the operation, in English. */
  readonly told: readonly string[];
  /** True if the form also asks how the operator knows who called. */
  readonly caller: boolean;
  /** The name to type as confirmation. */
  readonly confirm?: string;
  readonly wrong?: string;
}

/** Most wrong lines on the page. */
const LINES = 100;
/** Seconds until the browser asks for the page again. */
const AGAIN = 3;

export function importStatePage(asked: Asked, shown: Shown): Reply {
  const { state } = shown.one;
  return {
    kind: 'page',
    status: shown.wrong === undefined ? 200 : 422,
    title: shown.title,
    body: html`${shown.wrong === undefined ? undefined : note('bad', html`<p role="alert">${shown.wrong}</p>`)}${stateOf(asked, shown, state)}
<p><a class="button second" href="${shown.path}">${IMPORT[asked.language].back}</a></p>`,
    ...(state.kind === 'working' && { again: AGAIN }),
  };
}

function stateOf(asked: Asked, shown: Shown, state: ImportState): Html {
  const words = IMPORT[asked.language];
  switch (state.kind) {
    case 'working':
      return html`${note('plain', html`<p role="status">${state.deed ? words.doing : words.working}</p>`)}${card(words.progress, progressOf(words, state))}<p><a class="button" href="${shown.at}">${words.again}</a></p>`;
    case 'wrong':
      return html`${note('bad', html`<p role="alert">${words.refused}</p><p lang="en">${state.text}</p>`)}${wrongLines(asked, shown.at, state.lines)}`;
    case 'failed':
      return note('bad', html`<p role="alert">${words.failed}</p><p lang="en">${state.text}</p>`);
    case 'right':
      return html`${note('good', html`<p role="status">${words.right}</p>`)}${would(words, shown)}${pressForm(asked, shown)}`;
    case 'waits':
      return html`${note('warn', html`<p role="status"><b>${words.waits}</b></p><p>${words.sign} <code>sluis approve ${grouped(state.request)}</code></p><p>${words.signed}</p><p><a href="/approvals/${state.request}">${words.request}</a></p>`)}${would(words, shown)}${pressForm(asked, shown)}`;
    case 'done':
      return html`${note('good', html`<p role="status">${words.done}</p>${said(shown.told)}`)}${lettersOf(asked, shown, state)}`;
  }
}

type Words = (typeof IMPORT)['nl'];

const said = (lines: readonly string[]): Html =>
  html`<div lang="en">${lines.map((line) => html`<p>${line}</p>`)}</div>`;

function progressOf({ progress }: Words, { done, total, phase }: Extract<ImportState, { kind: 'working' }>): Html {
  const of = total === 0 ? '' : ` / ${total}`;
  return html`${total === 0 ? undefined : html`<progress aria-label="${progress}" max="${total}" value="${done}"></progress>`}<p lang="en">${phase} ${done}${of}</p>`;
}

const would = (words: Words, { told, one, grave }: Shown): Html =>
  card(
    words.would,
    html`${grave ? html`<p><b>${words.grave}</b></p>` : undefined}${said(told)}${one.accounts === undefined ? undefined : html`<p>${words.accounts}:</p>${list(one.accounts)}`}<p class="soft">${words.held} <code>${one.sha256}</code> ${words.until}</p>`,
  );

function pressForm(asked: Asked, { at, confirm, caller }: Shown): Html {
  const words = IMPORT[asked.language];
  const { field } = asked;
  return html`<div class="card"><form method="post" action="${at}/run">
<input type="hidden" name="token" value="${visitorOf(asked).token}">
${confirm === undefined ? undefined : html`<label for="confirm">${words.confirm} ${confirm}</label><input type="text" id="confirm" name="confirm" required maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" value="${field('confirm')}">`}
<label for="reason">${words.reason}</label><span class="hint" id="reason-hint">${words.reasonHint}</span>
<input type="text" id="reason" name="reason" required maxlength="${MAX_REASON}" autocomplete="off" aria-describedby="reason-hint" value="${field('reason')}">
${caller ? callerHtml(asked) : undefined}<button>${words.does}</button>
</form></div>`;
}

function wrongLines({ language, query }: Asked, at: string, lines: readonly CsvProblem[]): Html {
  const words = IMPORT[language];
  const wanted = Number(query.get('from') ?? 0);
  const from = Number.isSafeInteger(wanted) && wanted > 0 ? wanted : 0;
  const part = lines.slice(from, from + LINES);
  const next =
    from + LINES < lines.length
      ? html`<a class="button second" rel="next" href="${`${at}?from=${from + LINES}`}">${words.next}</a> `
      : undefined;
  return card(
    `${words.lines}: ${lines.length}`,
    html`${table(
      words.lines,
      [words.line, words.column, words.problem],
      part.map(({ line, column = '', text }) => [line, column, html`<span lang="en">${text}</span>`]),
    )}<p>${next}<a class="button second" href="${at}/lines">${words.csv}</a></p>`,
  );
}

function lettersOf(asked: Asked, { at }: Shown, { letters }: Extract<ImportState, { kind: 'done' }>): Html | undefined {
  const words = IMPORT[asked.language];
  const { made, text, without, why } = letters;
  if (made === 0 && without.length === 0) return undefined;
  const fetching =
    text === undefined
      ? html`<p>${made === 0 ? undefined : words.taken}</p>`
      : html`<p>${words.lettersLead}</p><form method="post" action="${at}/letters"><input type="hidden" name="token" value="${visitorOf(asked).token}"><button>${words.take} (${made})</button></form>`;
  const left =
    without.length === 0
      ? undefined
      : html`<p>${words.without}</p>${list(without)}${why === undefined ? undefined : html`<p lang="en">${why}</p>`}<p>${words.helps} <code>sluis account reset --from accounts.csv --letters letters</code></p>`;
  return card(words.letters, html`${fetching}${left}`);
}

/** A CSV file of all wrong lines, for the person who corrects the file. */
export function wrongLinesFile({ state }: HeldImport): Reply {
  const lines = state.kind === 'wrong' ? state.lines : [];
  return { kind: 'download', name: 'wrong-lines.csv', type: 'text/csv; charset=utf-8', pieces: pieces(lines) };
}

async function* pieces(lines: readonly CsvProblem[]): AsyncGenerator<string, void, undefined> {
  yield `${csv(['LINE', 'COLUMN', 'PROBLEM'], [])}\n`;
  for (let at = 0; at < lines.length; at += LINES) {
    const part = lines.slice(at, at + LINES);
    yield part.map(({ line, column, text }) => `${csv([line, column, text], [])}\n`).join('');
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
