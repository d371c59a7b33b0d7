/** What the page answers: one form, two things to ask for, each as a page for people or as text or JSON for programs. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { defined } from '../domain/defined.ts';
import { helpdeskLine } from '../domain/helpdesk.ts';
import type { Language } from '../domain/registry.ts';
import { timeText } from '../letters/letter.ts';
import type { ListenerAccess } from '../platform/listener.ts';
import { type LetterParts, serverLines } from '../enrol/letters.ts';
import type { EnrolmentWindow, WindowAnswer, Wish } from '../enrol/window.ts';
import type { Visitor } from '../enrol/window-notes.ts';
import { type Fields, type FormFault, readForm } from './form.ts';
import { isOwnOrigin, languageOf } from './page-headers.ts';
import { WORDS, type Words } from './page-words.ts';
import { type PageOf, certificatePage, formPage, passwordPage, problemPage } from './page.ts';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AnswerParts {
  readonly window: EnrolmentWindow;
  readonly letters: Omit<LetterParts, 'template'>;
  /** What the reader knows the gateway by. */
  readonly gateway: string;
  readonly access: ListenerAccess | undefined;
}

type Form = 'html' | 'json' | 'text';
const TYPES: Readonly<Record<Form, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
};

/** A browser asks for HTML by name, curl for anything. */
function formOf({ accept = '', 'content-type': sent = '' }: IncomingHttpHeaders): Form {
  if (/\btext\/html\b/i.test(accept)) return 'html';
  return /\bapplication\/json\b/i.test(accept) ||
    (!/\btext\/plain\b/i.test(accept) && /^application\/json\b/i.test(sent))
    ? 'json'
    : 'text';
}

interface Reader {
  readonly form: Form;
  readonly language: Language;
  readonly of: PageOf;
}

type Problem = Extract<keyof Words, string>;

function problem(
  { form, language, of }: Reader,
  status: number,
  what: Problem,
  more: { readonly error?: string; readonly detail?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Answer {
  // A page has it at its foot; a program that shows a line of text has it there.
  const help =
    what === 'refused' && form !== 'html' ? ` ${WORDS[language].help} ${helpdeskLine(of.helpdesk, language)}` : '';
  const text = WORDS[language][what] + help;
  const { error = what, detail, headers } = more;
  const body =
    form === 'html'
      ? problemPage(language, of, text, detail)
      : form === 'json'
        ? `${JSON.stringify({ error, message: text, ...defined({ detail }) })}\n`
        : `${text}${detail === undefined ? '' : ` ${detail}`}\n`;
  return { status, type: TYPES[form], body, ...defined({ headers }) };
}

const FAULTS: Readonly<Record<FormFault, readonly [number, Problem]>> = {
  'too-large': [413, 'large'],
  type: [415, 'type'],
  malformed: [400, 'malformed'],
  gone: [400, 'malformed'],
};

export async function answerTo(
  parts: AnswerParts,
  request: IncomingMessage,
  visitor: Visitor,
  signal: AbortSignal,
): Promise<Answer> {
  const { headers, method = '', url = '' } = request;
  const { window, letters, gateway, access } = parts;
  const of = { gateway, helpdesk: letters.helpdesk };
  const reader: Reader = { form: formOf(headers), language: languageOf(headers['accept-language']), of };
  const path = url.replace(/[?#].*$/s, '');
  const wanted = path === '/password' ? 'password' : path === '/certificate' ? 'certificate' : undefined;
  if (wanted === undefined && path !== '/') return problem(reader, 404, 'missing');
  if (wanted === undefined)
    return method === 'GET' || method === 'HEAD'
      ? { status: 200, type: TYPES.html, body: formPage(reader.language, of) }
      : problem(reader, 405, 'method', { headers: { allow: 'GET, HEAD' } });
  if (method !== 'POST') return problem(reader, 405, 'method', { headers: { allow: 'POST' } });
  if (!isOwnOrigin(headers, letters.page)) return problem(reader, 403, 'origin');
  const read = await readForm(request);
  const wish = read.ok ? wishOf(wanted, read.value) : undefined;
  if (!read.ok) return problem(reader, ...FAULTS[read.error]);
  if (wish === undefined) return problem(reader, 400, 'malformed');
  return answerOf(await window.use(wish, visitor, access, signal), reader, parts);
}

const MAX_LOGIN = 254;
const MAX_CODE = 64;

function wishOf(wanted: Wish['for'], fields: Fields): Wish | undefined {
  const text = (name: string): string => fields.get(name)?.toString('utf8') ?? '';
  const [login, code] = [text('login').trim(), text('code').trim()];
  if (login === '' || code === '' || login.length > MAX_LOGIN || code.length > MAX_CODE) return undefined;
  if (wanted === 'certificate') return { for: wanted, login, code, request: requestOf(fields) };
  const password = text('password');
  return { for: wanted, login, code, ...(password === '' ? {} : { password }) };
}

/** Pasted, or a file: PEM, or the DER that some programs write. */
function requestOf(fields: Fields): string {
  const pasted = fields.get('request')?.toString('utf8').trim() ?? '';
  const file = fields.get('file') ?? Buffer.alloc(0);
  if (pasted !== '' || file.length === 0) return pasted;
  if (file[0] !== 0x30) return file.toString('utf8');
  const lines = file.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

function answerOf(answer: WindowAnswer, reader: Reader, { letters }: AnswerParts): Answer {
  const { form, language, of } = reader;
  const done = (body: string): Answer => ({ status: 200, type: TYPES[form], body });
  switch (answer.kind) {
    case 'password': {
      const { login, name, password, ends } = answer;
      if (form === 'json')
        return done(
          `${JSON.stringify({ login, name, password, ends: ends === undefined ? undefined : new Date(ends).toISOString() })}\n`,
        );
      if (form === 'text') return done(password === undefined ? '' : `${password}\n`);
      const servers = serverLines(letters.servers, login, language);
      const shown = { login, servers, ...defined({ password }) };
      return done(
        passwordPage(language, of, {
          ...shown,
          ...(ends === undefined ? {} : { ends: timeText(ends, language) }),
        }),
      );
    }
    case 'certificate': {
      const { login, pem } = answer;
      if (form === 'html') return done(certificatePage(language, of, login, pem));
      return done(form === 'json' ? `${JSON.stringify({ login, certificate: pem })}\n` : pem);
    }
    case 'refused':
      return problem(reader, 403, 'refused');
    case 'busy':
      return problem(reader, 429, 'busy', { headers: { 'retry-after': String(Math.ceil(answer.wait / 1000)) } });
    case 'unusable':
      return problem(reader, 422, answer.what === 'password' ? 'password' : 'csr', {
        error: answer.what,
        detail: answer.why,
      });
    case 'failed':
      return problem(reader, 503, 'failed', { headers: { 'retry-after': '60' } });
  }
}
