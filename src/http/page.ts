/** The page where codes are used, as HTML: it works without script, on an old browser and on paper. */
import { type Helpdesk, helpdeskLine } from '../domain/helpdesk.ts';
import type { Language } from '../domain/registry.ts';
import { Html, html } from './html.ts';
import { WORDS, type Words } from './page-words.ts';

export const STYLE = `
body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;background:#f4f6f8;color:#182430}
main{max-width:38rem;margin:0 auto;padding:1.5rem 1rem 3rem}
header{background:#0b4f6c;color:#fff;padding:.8rem 1rem}
header p{max-width:38rem;margin:0 auto}
h1{font-size:1.5rem}
h2{font-size:1.15rem;margin-top:0}
section{background:#fff;border:1px solid #cfd8df;border-radius:.5rem;padding:1.2rem;margin:1.2rem 0}
label{display:block;font-weight:600;margin-top:.9rem}
small{display:block;color:#4a5a67}
input,textarea{font:inherit;font-weight:400;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #7a8a97;border-radius:.3rem}
input[name=code],textarea,pre,output{font-family:ui-monospace,monospace}
button{font:inherit;font-weight:600;margin-top:1.2rem;padding:.6rem 1.1rem;border:0;border-radius:.3rem;background:#0b4f6c;color:#fff}
output{display:block;font-size:1.5rem;padding:.8rem;margin:.8rem 0;border:2px dashed #0b4f6c;border-radius:.3rem;word-break:break-all;user-select:all}
pre{overflow-x:auto;background:#f4f6f8;padding:.8rem;font-size:.8rem}
.wrong{border-left:.4rem solid #b3261e}
`;

/** What a page says of the gateway that it belongs to. */
export interface PageOf {
  /** What the reader knows the gateway by. */
  readonly gateway: string;
  readonly helpdesk: Helpdesk;
}

/** Nobody's text is in it. */
const STYLED = new Html(`<style>${STYLE}</style>`);

const whole = (language: Language, { gateway, helpdesk }: PageOf, body: Html): string =>
  html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${WORDS[language].title} - ${gateway}</title>
${STYLED}
</head>
<body>
<header><p>${gateway}</p></header>
<main>
${body}
<footer><p>${WORDS[language].help} ${helpdeskLine(helpdesk, language)}</p></footer>
</main>
</body>
</html>
`.text;

const who = (words: Words): Html => html`<label>${words.login}
<input name="login" required maxlength="254" autocomplete="username" autocapitalize="none" spellcheck="false"></label>
<label>${words.code}
<input name="code" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="xxxx-xxxx-xxxx-xxxx-xxxx-xxxx"></label>
<small>${words.codeHint}</small>`;

export function formPage(language: Language, of: PageOf): string {
  const words = WORDS[language];
  return whole(
    language,
    of,
    html`<h1>${words.title}</h1>
<p>${words.lead}</p>
<section>
<h2>${words.passwordTitle}</h2>
<form method="post" action="password">
${who(words)}
<label>${words.own}
<input name="password" type="password" maxlength="512" autocomplete="new-password"></label>
<small>${words.ownHint}</small>
<button>${words.passwordButton}</button>
</form>
</section>
<section>
<h2>${words.certificateTitle}</h2>
<p>${words.certificateLead}</p>
<form method="post" action="certificate" enctype="multipart/form-data">
${who(words)}
<label>${words.request}
<textarea name="request" rows="6" spellcheck="false" placeholder="-----BEGIN CERTIFICATE REQUEST-----"></textarea></label>
<label>${words.file}
<input name="file" type="file"></label>
<button>${words.certificateButton}</button>
</form>
</section>`,
  );
}

export interface ShownPassword {
  readonly login: string;
  /** Absent where it is the reader's own. */
  readonly password?: string;
  /** Until when, in words. */
  readonly ends?: string;
  readonly servers: readonly string[];
}

export function passwordPage(language: Language, of: PageOf, shown: ShownPassword): string {
  const words = WORDS[language];
  const { login, password, ends, servers } = shown;
  return whole(
    language,
    of,
    html`<h1>${password === undefined ? words.doneOwn : words.done}</h1>
<section>
<p>${words.login}: <b>${login}</b></p>
${password === undefined ? '' : html`<output>${password}</output>\n`}<p>${password === undefined ? words.onceOwn : words.once}</p>
${ends === undefined ? '' : html`<p>${words.ends} ${ends}</p>\n`}<p>${words.servers}:</p>
<ul>${servers.map((line) => html`<li>${line}</li>`)}</ul>
</section>`,
  );
}

export function certificatePage(language: Language, of: PageOf, login: string, pem: string): string {
  const words = WORDS[language];
  return whole(
    language,
    of,
    html`<h1>${words.certificateDone}</h1>
<section>
<p>${words.login}: <b>${login}</b></p>
<p><a download="certificate.pem" href="data:application/x-pem-file;base64,${Buffer.from(pem).toString('base64')}">${words.download}</a></p>
<pre>${pem}</pre>
</section>`,
  );
}

export function problemPage(language: Language, of: PageOf, text: string, detail?: string): string {
  const words = WORDS[language];
  return whole(
    language,
    of,
    html`<h1>${words.wrong}</h1>
<section class="wrong">
<p>${text}</p>
${detail === undefined ? '' : html`<p>${detail}</p>\n`}<p><a href=".">${words.back}</a></p>
</section>`,
  );
}
