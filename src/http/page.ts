/** The page where codes are used, as HTML: it works without script, on an old browser and on paper. */
import { type Helpdesk, helpdeskLine } from '../domain/helpdesk.ts';
import type { Language } from '../domain/registry.ts';
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

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const html = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);

/** What a page says of the gateway that it belongs to. */
export interface PageOf {
  /** What the reader knows the gateway by. */
  readonly gateway: string;
  readonly helpdesk: Helpdesk;
}

const whole = (language: Language, { gateway, helpdesk }: PageOf, body: string): string =>
  `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(WORDS[language].title)} - ${html(gateway)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><p>${html(gateway)}</p></header>
<main>
${body}
<footer><p>${html(WORDS[language].help)} ${html(helpdeskLine(helpdesk, language))}</p></footer>
</main>
</body>
</html>
`;

const who = (words: Words): string => `<label>${html(words.login)}
<input name="login" required maxlength="254" autocomplete="username" autocapitalize="none" spellcheck="false"></label>
<label>${html(words.code)}
<input name="code" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="xxxx-xxxx-xxxx-xxxx-xxxx-xxxx"></label>
<small>${html(words.codeHint)}</small>`;

export function formPage(language: Language, of: PageOf): string {
  const words = WORDS[language];
  return whole(
    language,
    of,
    `<h1>${html(words.title)}</h1>
<p>${html(words.lead)}</p>
<section>
<h2>${html(words.passwordTitle)}</h2>
<form method="post" action="password">
${who(words)}
<label>${html(words.own)}
<input name="password" type="password" maxlength="512" autocomplete="new-password"></label>
<small>${html(words.ownHint)}</small>
<button>${html(words.passwordButton)}</button>
</form>
</section>
<section>
<h2>${html(words.certificateTitle)}</h2>
<p>${html(words.certificateLead)}</p>
<form method="post" action="certificate" enctype="multipart/form-data">
${who(words)}
<label>${html(words.request)}
<textarea name="request" rows="6" spellcheck="false" placeholder="-----BEGIN CERTIFICATE REQUEST-----"></textarea></label>
<label>${html(words.file)}
<input name="file" type="file"></label>
<button>${html(words.certificateButton)}</button>
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
    `<h1>${html(password === undefined ? words.doneOwn : words.done)}</h1>
<section>
<p>${html(words.login)}: <b>${html(login)}</b></p>
${password === undefined ? '' : `<output>${html(password)}</output>\n`}<p>${html(password === undefined ? words.onceOwn : words.once)}</p>
${ends === undefined ? '' : `<p>${html(words.ends)} ${html(ends)}</p>\n`}<p>${html(words.servers)}:</p>
<ul>${servers.map((line) => `<li>${html(line)}</li>`).join('')}</ul>
</section>`,
  );
}

export function certificatePage(language: Language, of: PageOf, login: string, pem: string): string {
  const words = WORDS[language];
  return whole(
    language,
    of,
    `<h1>${html(words.certificateDone)}</h1>
<section>
<p>${html(words.login)}: <b>${html(login)}</b></p>
<p><a download="certificate.pem" href="data:application/x-pem-file;base64,${Buffer.from(pem).toString('base64')}">${html(words.download)}</a></p>
<pre>${html(pem)}</pre>
</section>`,
  );
}

export function problemPage(language: Language, of: PageOf, text: string, detail?: string): string {
  const words = WORDS[language];
  return whole(
    language,
    of,
    `<h1>${html(words.wrong)}</h1>
<section class="wrong">
<p>${html(text)}</p>
${detail === undefined ? '' : `<p>${html(detail)}</p>\n`}<p><a href=".">${html(words.back)}</a></p>
</section>`,
  );
}
