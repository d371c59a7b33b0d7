/**
 * What programs are answered that use a code, as text or as JSON: two paths, and a word of the
 * error that stays.
 */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { PAGE_HEADERS, NOT_KEPT } from '../../web/core/headers.ts';
import { defined } from '../../domain/defined.ts';
import { helpdeskLine } from '../../domain/helpdesk.ts';
import type { Language } from '../../domain/registry.ts';
import type { WindowAnswer, Wish } from '../../ca/enrol/window.ts';
import type { Visitor } from '../../ca/enrol/window-notes.ts';
import { type FormFault, readForm } from '../../http/form.ts';
import { isOwnOrigin, languageOf } from '../../http/reader.ts';
import type { CodesServices } from './pages.ts';
import { wishOf } from './wish.ts';
import { type CodeProblem, PROBLEM } from './words.ts';

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

type Form = 'json' | 'text';
const TYPES: Readonly<Record<Form, string>> = { json: 'application/json', text: 'text/plain; charset=utf-8' };

interface Reader {
  readonly form: Form;
  readonly language: Language;
  readonly helpdesk: CodesServices['helpdesk'];
}

/** What answers a program in the first place is what it asks for, else what it sends. */
const formOf = ({ accept = '', 'content-type': sent = '' }: IncomingHttpHeaders): Form =>
  /\bapplication\/json\b/i.test(accept) || (!/\btext\/plain\b/i.test(accept) && /^application\/json\b/i.test(sent))
    ? 'json'
    : 'text';

const answer = (form: Form, status: number, body: string, headers: OutgoingHttpHeaders = {}): Answer => ({
  status,
  headers: { ...PAGE_HEADERS, 'cache-control': NOT_KEPT, ...headers, 'content-type': TYPES[form] },
  body,
});

function problem(
  { form, language, helpdesk }: Reader,
  status: number,
  what: CodeProblem,
  more: { readonly error?: string; readonly detail?: string; readonly headers?: OutgoingHttpHeaders } = {},
): Answer {
  const words = PROBLEM[language];
  const text = words[what] + (what === 'refused' ? ` ${words.help} ${helpdeskLine(helpdesk, language)}` : '');
  const { error = what, detail, headers } = more;
  const body =
    form === 'json'
      ? `${JSON.stringify({ error, message: text, ...defined({ detail }) })}\n`
      : `${text}${detail === undefined ? '' : ` ${detail}`}\n`;
  return answer(form, status, body, headers);
}

const FAULTS: Readonly<Record<FormFault, readonly [number, CodeProblem]>> = {
  'too-large': [413, 'large'],
  type: [415, 'type'],
  malformed: [400, 'malformed'],
  gone: [400, 'malformed'],
};

const USES: Readonly<Record<string, Wish['for'] | undefined>> = {
  '/password': 'password',
  '/certificate': 'certificate',
};

export async function answerProgram(
  { window, access, helpdesk, page }: CodesServices,
  request: IncomingMessage,
  visitor: Visitor,
  signal: AbortSignal,
): Promise<Answer> {
  const { headers, method = '', url = '' } = request;
  const reader: Reader = { form: formOf(headers), language: languageOf(headers['accept-language']), helpdesk };
  const path = url.replace(/[?#].*$/s, '');
  const use = USES[path];
  if (use === undefined)
    return path === '/'
      ? problem(reader, 405, 'method', { headers: { allow: 'GET, HEAD' } })
      : problem(reader, 404, 'missing');
  if (method !== 'POST') return problem(reader, 405, 'method', { headers: { allow: 'POST' } });
  if (!isOwnOrigin(headers, page)) return problem(reader, 403, 'origin');
  const read = await readForm(request);
  if (!read.ok) return problem(reader, ...FAULTS[read.error]);
  const wish = wishOf(use, (name) => read.value.get(name) ?? Buffer.alloc(0));
  if (wish === undefined) return problem(reader, 400, 'malformed');
  return answerOf(await window.use(wish, visitor, access, signal), reader);
}

function answerOf(given: WindowAnswer, reader: Reader): Answer {
  const { form } = reader;
  const done = (json: object, text: string): Answer =>
    answer(form, 200, form === 'json' ? `${JSON.stringify(json)}\n` : text);
  switch (given.kind) {
    case 'password': {
      const { login, name, password, ends } = given;
      const until = ends === undefined ? undefined : new Date(ends).toISOString();
      return done({ login, name, password, ends: until }, password === undefined ? '' : `${password}\n`);
    }
    case 'certificate':
      return done({ login: given.login, certificate: given.pem }, given.pem);
    case 'refused':
      return problem(reader, 403, 'refused');
    case 'busy':
      return problem(reader, 429, 'busy', { headers: { 'retry-after': String(Math.ceil(given.wait / 1000)) } });
    case 'unusable':
      return problem(reader, 422, given.what === 'password' ? 'password' : 'csr', {
        error: given.what,
        detail: given.why,
      });
    case 'failed':
      return problem(reader, 503, 'failed', { headers: { 'retry-after': '60' } });
  }
}
