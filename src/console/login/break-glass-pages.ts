/** The login page of the account for emergencies, and the notice that follows each use. */
import { fileNotice } from '../../admin/notice.ts';
import { type Html, html } from '../../http/html.ts';
import { breakGlassLetters } from '../../letters/break-glass.ts';
import { sessionCookie } from './cookies.ts';
import type { Reply } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import type { ConsoleServices } from '../core/services.ts';
import { BREAK_GLASS_WORDS } from './break-glass-words.ts';
import { fromOf, hiddenFields, wrong } from '../../web/login/forms.ts';
import { said } from './forms.ts';

function logInPage({ language }: Asked, problem?: readonly [number, string]): Reply {
  const words = BREAK_GLASS_WORDS[language];
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title: words.title,
    body: html`${wrong(problem?.[1])}<div class="card"><p>${words.lead}</p><form method="post" action="/break-glass">
<label for="password">${words.password}</label><span class="hint" id="password-hint">${words.passwordHint}</span>
<input type="password" id="password" name="password" required maxlength="64" autocomplete="off" aria-describedby="password-hint">
${codeField(words, 'code')}<button>${words.button}</button></form></div>`,
  };
}

const codeField = (words: (typeof BREAK_GLASS_WORDS)['nl'], name: 'code' | 'credential'): Html =>
  html`<label for="${name}">${words.code}</label><span class="hint" id="${name}-hint">${words.codeHint}</span>
<input type="text" id="${name}" name="${name}" required maxlength="12" inputmode="numeric" autocomplete="one-time-code" aria-describedby="${name}-hint">
`;

/** The form that asks for a code, for a session that has no passkey. */
export function codeForm({ language }: Asked, action: string, hidden: Readonly<Record<string, string>>): Html {
  const words = BREAK_GLASS_WORDS[language];
  return html`<form method="post" action="${action}">${hiddenFields(hidden)}${codeField(words, 'credential')}<button>${words.prove}</button></form>`;
}

/**
 * Reports a login with the account for emergencies. A notice that fails must not keep the operator
 * out: the trail already has the login.
 */
async function tell({ admin, range, now }: Asked, { log }: ConsoleServices): Promise<void> {
  log.error('console.break-glass', { network: range });
  const { noticeWriter, store } = admin;
  try {
    const letters = breakGlassLetters({ network: range, at: now });
    await fileNotice(
      store,
      await noticeWriter.letter(await noticeWriter.places.operator(), { kind: 'break-glass', letters }),
    );
  } catch (error) {
    log.error('console.break-glass-untold', { error: error instanceof Error ? error.message : String(error) });
  }
}

const form: Page = { method: 'GET', path: '/break-glass', access: 'nobody', run: (asked) => logInPage(asked) };

const entered: Page = {
  method: 'POST',
  path: '/break-glass',
  access: 'nobody',
  run: async (asked, services) => {
    const judged = await services.breakGlass.logIn(asked.field('password').trim(), asked.field('code'), fromOf(asked));
    if (judged.kind !== 'in')
      return logInPage(asked, said(asked.language, judged.kind, BREAK_GLASS_WORDS[asked.language].refused));
    await tell(asked, services);
    return { kind: 'see', to: '/', cookies: [sessionCookie(judged.secret)] };
  },
};

export const breakGlassPages: readonly Page[] = [form, entered];
