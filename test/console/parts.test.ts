/** The pure parts of the console: paths, cookies, headers, colours and words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookiesIn, languageCookie } from '../../src/web/core/cookies.ts';
import { CONSOLE_SESSION, noSessionCookie, sessionCookie } from '../../src/console/login/cookies.ts';
import { PAGE_HEADERS } from '../../src/web/core/headers.ts';
import { localPath } from '../../src/web/core/page.ts';
import { Router } from '../../src/web/core/router.ts';
import { MENU } from '../../src/console/core/words.ts';
import { BREAK_GLASS_WORDS } from '../../src/console/login/break-glass-words.ts';
import { FEDERATED } from '../../src/console/login/federated-words.ts';
import { LOGIN } from '../../src/console/login/words.ts';
import { THEMES, type Theme } from '../../src/web/look/properties.ts';
import { SCRIPT } from '../../src/web/look/script.ts';
import { STYLE } from '../../src/web/look/style.ts';
import { PROBLEMS } from '../../src/web/look/problem.ts';
import { FRAME } from '../../src/web/look/words.ts';
import { ACCOUNT_MESSAGES } from '../../src/console/pages/account-messages.ts';
import { ACCOUNT } from '../../src/console/pages/account-words.ts';
import { APPROVAL } from '../../src/console/pages/approval-words.ts';
import { CERTIFICATE } from '../../src/console/pages/certificates-words.ts';
import { MESSAGE_RESULT } from '../../src/console/pages/message-deeds.ts';
import { IMPORTS } from '../../src/console/pages/imports.ts';
import { STEPS } from '../../src/console/pages/message-steps.ts';
import { BECAME, MESSAGE } from '../../src/console/pages/message-words.ts';
import { OPERATOR } from '../../src/console/pages/operators-words.ts';
import { PARTNER } from '../../src/console/pages/partners-words.ts';
import { REGISTERS } from '../../src/console/pages/registers.ts';
import { SEARCH } from '../../src/console/pages/search-words.ts';
import { FILE, REGISTERED } from '../../src/console/pages/settings-words.ts';
import { VERIFY } from '../../src/console/pages/trail-words.ts';
import { WEBHOOK } from '../../src/console/pages/webhooks-words.ts';
import { DEED } from '../../src/console/parts/deed-words.ts';
import type { DeedPage } from '../../src/console/parts/deed-pages.ts';
import { IMPORT } from '../../src/console/parts/import-words.ts';
import { REGISTER } from '../../src/console/parts/register-words.ts';
import { DELIVERY } from '../../src/console/pages/queue-words.ts';
import { CONSOLE_PAGES } from '../../src/console/table.ts';
import { CODE, CODES_PROBLEMS } from '../../src/self-service/codes/words.ts';
import { FRAME as OWN_FRAME, PROBLEMS as OWN_PROBLEMS } from '../../src/self-service/core/words.ts';
import { LOGIN as OWN_LOGIN } from '../../src/self-service/login/words.ts';
import { ABSENCE, ADD_ABSENCE, AGREE, END_ABSENCE } from '../../src/self-service/pages/absence-words.ts';
import { HOME } from '../../src/self-service/pages/home-words.ts';
import { MESSAGES } from '../../src/self-service/pages/messages-words.ts';
import { ORGANISATION } from '../../src/self-service/pages/organisation-words.ts';
import { ADD_APP, END_APP, NEW_CERTIFICATE, PASSWORDS, REVOKE } from '../../src/self-service/pages/passwords-words.ts';
import { PROGRAM } from '../../src/self-service/pages/program-words.ts';
import { AVOIDED, avoidedIn, tooLong } from '../support/words.ts';

const router = new Router(CONSOLE_PAGES);
const DEEDS = CONSOLE_PAGES.filter((page): page is DeedPage => 'deed' in page).map(({ deed }) => deed);

test('match() finds each page by its own path, and nothing by another spelling of it', () => {
  for (const page of CONSOLE_PAGES) {
    const found = router.match(page.method, page.path.replace(/\{\w+\}/g, 'x'));
    assert(found.kind === 'page' && found.page === page, page.path);
  }
  for (const path of [
    '//',
    '/search/',
    '/Search',
    '/accounts/',
    '/accounts/a/b/c',
    '/accounts/%2e%2e%2fx',
    '/accounts/a%00',
    '/accounts/%',
    '/accounts/a%5cb',
    '/.',
    '/..',
  ])
    assert.equal(router.match('GET', path).kind, 'none', path);
  const decoded = router.match('GET', '/accounts/anna%40group.test');
  assert(decoded.kind === 'page' && decoded.params.login === 'anna@group.test');
  assert.deepEqual(router.match('POST', '/search'), { kind: 'method', allow: ['GET', 'HEAD'] });
});

test('two pages of one path are refused', () => {
  const [page] = CONSOLE_PAGES;
  assert.throws(() => new Router([page!, page!]), /two pages/);
});

test('localPath() takes paths of ours alone', () => {
  for (const good of ['/', '/accounts/a%40b', '/search?q=x&y=1']) assert.equal(localPath(good), good);
  for (const bad of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:x',
    '/a b',
    '/\t/evil',
    '',
    null,
    undefined,
    `/${'a'.repeat(600)}`,
    '/x#y\r\nset-cookie: a',
  ])
    assert.equal(localPath(bad), '/', String(bad));
});

test('cookies hold for this host over TLS alone, and one that stands there twice is nobody’s', () => {
  for (const cookie of [sessionCookie('x'), noSessionCookie(), languageCookie('nl')])
    assert.match(cookie, /^__Host-[a-z-]+=[^;]*; Path=\/; Secure; HttpOnly; SameSite=Strict/);
  assert.deepEqual(cookiesIn('a=b; __Host-sluis=secret; __Host-sluis-language=en', CONSOLE_SESSION), {
    away: new Map(),
    secret: 'secret',
    language: 'en',
  });
  assert.deepEqual(cookiesIn('__Host-sluis=one; __Host-sluis=two; __Host-sluis-language=xx', CONSOLE_SESSION), {
    away: new Map(),
  });
  assert.deepEqual(cookiesIn(undefined, CONSOLE_SESSION), { away: new Map() });
  const away = '__Host-sluis-oidc-ab=1; __Host-sluis-oidc-cd=2; __Host-sluis-oidc-cd=3; __Host-sluis-oidc-A!=4';
  assert.deepEqual([...cookiesIn(away, CONSOLE_SESSION).away], [['ab', '1']]);
});

/**
 * Mozilla's published rules for its observatory (scoring method of 2024): points that each header
 * gives or takes, from 100. Only what applies to a page that has cookies, scripts and styles of its
 * own.
 */
test('headers are an A+ by the published rules of the observatory', () => {
  const header = (name: string): string => String(PAGE_HEADERS[name] ?? '');
  const csp = new Map(
    header('content-security-policy')
      .split('; ')
      .map((part) => [part.split(' ', 1)[0] ?? '', part.split(' ').slice(1)]),
  );
  const sources = [...csp.values()].flat();
  let score = 100;
  // Content security policy: +10 with default-src 'none' and nothing unsafe; frame-ancestors in it:
  // +5.
  if (csp.get('default-src')?.join() === "'none'" && !sources.some((one) => /unsafe|^\*|^https?:|^data:/.test(one)))
    score += 10;
  if (csp.get('frame-ancestors')?.join() === "'none'") score += 5;
  // Cookies with __Host-, Secure, HttpOnly and SameSite: +5.
  if (/^__Host-.*Secure; HttpOnly; SameSite=Strict/.test(sessionCookie('x'))) score += 5;
  // Strict-Transport-Security of at least six months: 0, else -20.
  if (Number(/max-age=(\d+)/.exec(header('strict-transport-security'))?.[1] ?? 0) < 15_768_000) score -= 20;
  // Referrer-Policy that tells other sites nothing: +5.
  if (
    ['no-referrer', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin'].includes(
      header('referrer-policy'),
    )
  )
    score += 5;
  // Cross-Origin-Resource-Policy: +10.
  if (header('cross-origin-resource-policy') === 'same-origin') score += 10;
  if (header('x-content-type-options') !== 'nosniff') score -= 5;
  // A+ from 100 on.
  assert.equal(score, 135);
  assert.deepEqual([csp.get('base-uri'), csp.get('form-action')], [["'none'"], ["'self'"]]);
  assert.equal(header('x-frame-options'), 'DENY');
});

/** WCAG 2.2, relative luminance and contrast ratio. */
const luminance = (colour: string): number => {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [r = 0, g = 0, b = 0] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: string, b: string): number => {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};

for (const [name, theme] of Object.entries(THEMES))
  test(`text and marks can be told from their ground (${name})`, () => {
    const texts: readonly (keyof Theme)[] = ['text', 'soft', 'link', 'good', 'warn', 'bad'];
    for (const ground of ['ground', 'card'] as const) {
      for (const text of texts) assert(contrast(theme[text], theme[ground]) >= 4.5, `${text} on ${ground}`);
      for (const mark of ['field', 'focus'] as const)
        assert(contrast(theme[mark], theme[ground]) >= 3, `${mark} on ${ground}`);
    }
    assert(contrast(theme['on-accent'], theme.accent) >= 4.5);
  });

test('the style sheet has no colour of its own, and the script writes no markup', () => {
  const rules = STYLE.slice(STYLE.indexOf('*{box-sizing'));
  assert.doesNotMatch(rules, /#[0-9a-f]{3,8}\b|rgb|hsl/i);
  assert.doesNotMatch(SCRIPT, /innerHTML|eval|document\.write|fetch|https?:/);
  assert(STYLE.length < 8000 && SCRIPT.length < 2000);
});

/** Of the pages of accounts, with names of their own. */
const OWN = {
  ...{ 'own frame': OWN_FRAME, 'own login': OWN_LOGIN, 'own problems': OWN_PROBLEMS },
  ...{ HOME, MESSAGES, ORGANISATION, PASSWORDS, ABSENCE, PROGRAM, CODE, CODES_PROBLEMS },
  ...{ ADD_APP, END_APP, REVOKE, NEW_CERTIFICATE, ADD_ABSENCE, END_ABSENCE, AGREE },
};

/** All texts of a table of words, with where they stand. */
const textsIn = (words: object, at = ''): readonly (readonly [string, string])[] =>
  Object.entries(words).flatMap(([name, value]) =>
    typeof value === 'string' ? [[`${at}.${name}`, value] as const] : textsIn(value as object, `${at}.${name}`),
  );
const TABLES = {
  FRAME,
  PROBLEMS,
  MENU,
  LOGIN,
  FEDERATED,
  BREAK_GLASS_WORDS,
  ACCOUNT,
  ACCOUNT_MESSAGES,
  MESSAGE_RESULT,
  MESSAGE,
  BECAME,
  STEPS,
  SEARCH,
  DEED,
  REGISTER,
  OPERATOR,
  PARTNER,
  APPROVAL,
  CERTIFICATE,
  VERIFY,
  WEBHOOK,
  FILE,
  IMPORT,
  REGISTERED,
  ...Object.fromEntries(REGISTERS.map(({ path, words }) => [path, words])),
  ...Object.fromEntries(IMPORTS.map(({ path, words }) => [path, words])),
  ...Object.fromEntries(DEEDS.map(({ path, words }) => [path, words])),
  DELIVERY,
  ...OWN,
};

test('no Dutch page says a word that the list of docs/style.md has a better one for', () => {
  assert(AVOIDED.length > 20);
  const found = Object.entries(TABLES).flatMap(([name, { nl }]) =>
    textsIn(nl).flatMap(([at, text]) => {
      const word = avoidedIn(text);
      return word === undefined ? [] : [`${name}${at}: ${word}: ${text}`];
    }),
  );
  assert.deepEqual(found, []);
});

test('both languages say the same things, in sentences of at most twenty words', () => {
  for (const [name, { nl, en }] of Object.entries(TABLES)) {
    assert.deepEqual(
      textsIn(nl).map(([at]) => at),
      textsIn(en).map(([at]) => at),
      name,
    );
    for (const [at, text] of [...textsIn(nl), ...textsIn(en)]) assert.deepEqual(tooLong(text), [], `${name}${at}`);
  }
});
