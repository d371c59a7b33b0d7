/**
 * The listener of codes by itself: pages for browsers, text and JSON for programs, in which
 * language, and its limits.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect as connectTcp } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type TLSSocket, connect } from 'node:tls';
import { instant, milliseconds, seconds } from '../../src/domain/units.ts';
import type { EnrolmentWindow, WindowAnswer, Wish } from '../../src/ca/enrol/window.ts';
import type { AdminContext } from '../../src/admin/context.ts';
import { startPageListener } from '../../src/web/server.ts';
import { languageOf } from '../../src/http/reader.ts';
import { type ConnectionLimitOptions, ConnectionLimits } from '../../src/platform/connections.ts';
import type { Listener, ListenerSpec } from '../../src/platform/listener.ts';
import { CodesServing } from '../../src/self-service/codes/serving.ts';
import { testCertificates } from '../support/certificates.ts';
import { testConnectionLimits } from '../support/connection-limits.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { type PageTarget, askPage, postForm } from '../support/page-client.ts';

interface Opened extends PageTarget {
  readonly listener: Listener;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly connections: ConnectionLimits;
  /** What was asked of the window. */
  readonly asked: Wish[];
}

interface Options {
  readonly answer?: WindowAnswer | (() => Promise<WindowAnswer>);
  readonly spec?: Partial<ListenerSpec>;
  readonly page?: string;
  readonly logIn?: string;
  readonly connections?: Partial<ConnectionLimitOptions>;
}

async function open(t: TestContext, options: Options = {}): Promise<Opened> {
  const { answer = { kind: 'refused' }, spec, page } = options;
  const { server, ca } = await testCertificates();
  const clock = new FakeClock(Date.now());
  const log = new MemoryLog();
  const asked: Wish[] = [];
  const use = (wish: Wish): Promise<WindowAnswer> => {
    asked.push(wish);
    return typeof answer === 'function' ? answer() : Promise.resolve(answer);
  };
  const connections = new ConnectionLimits({ ...testConnectionLimits, ...options.connections });
  const serving = new CodesServing({
    ...{ window: { use } as unknown as EnrolmentWindow, access: undefined, listener: 'codes', clock },
    servers: [{ protocol: 'pop3', host: 'mail.test', port: 995, tls: 'implicit' }],
    gateway: 'mail.test',
    helpdesk: { address: 'post@mail.test', telephone: '088 123 45 67', hours: '<8-18>' },
    ...{ page, origin: page === undefined ? 'https://mail.test' : new URL(page).origin, logIn: options.logIn },
    admin: () => ({}) as AdminContext,
  });
  const listener = await startPageListener({
    spec: { name: 'codes', address: '127.0.0.1', port: 0, tls: 'implicit', ...spec },
    ...{ kind: 'enrolment', serving, tls: [server], connections, clock, log },
  });
  t.after(() => listener.stop(milliseconds(0)));
  return { listener, clock, log, connections, asked, port: listener.port, ca: ca.certificate };
}

const shown = { login: 'anna@group.test', code: 'k7wq-2mhx-9npc-4drt-8sve-6yfz' };
const given: WindowAnswer = { kind: 'password', login: shown.login, name: 'first', password: '<new & shiny>' };

/** A line of TLS that says what no HTTP library would. */
async function raw(t: TestContext, { port, ca }: PageTarget, text: string): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca, servername: 'mail.test' });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write(text);
  return socket;
}

async function restOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  // `once` would take a reset for a failure.
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

const HTML = { accept: 'text/html,*/*' };

test('the form: both languages, a hint for each field, and headers that let nothing out or in', async (t) => {
  const target = await open(t, { logIn: 'https://own.test/login' });
  const dutch = await askPage(target, '/');
  assert.equal(dutch.status, 200);
  assert.match(
    dutch.body,
    /<html lang="nl">[\s\S]*<form method="post" action=".\/password">[\s\S]*Toon mijn wachtwoord/,
  );
  assert.match(dutch.body, /id="code-hint"[\s\S]*aria-describedby="code-hint"/);
  assert.doesNotMatch(dutch.body, /<textarea/, 'the certificate has a page of its own');
  assert.match(dutch.body, /href="https:\/\/own\.test\/login"/);
  assert.match(dutch.body, /Helpdesk: telefoon 088 123 45 67 \(&lt;8-18&gt;\), post@mail\.test/);
  const english = await askPage(target, '/?x', { headers: { 'accept-language': 'de, en-GB;q=0.8, nl;q=0.5' } });
  assert.match(english.body, /<html lang="en">[\s\S]*Show my password/);
  const { headers } = dutch;
  assert.match(headers['content-security-policy'] as string, /^default-src 'none'; .*form-action 'self'/);
  assert.deepEqual(
    [headers['cache-control'], headers['referrer-policy'], headers['strict-transport-security'], headers['set-cookie']],
    ['no-store', 'same-origin', 'max-age=63072000', undefined],
  );
  assert.deepEqual(
    [headers.connection, headers['x-frame-options'], headers['x-content-type-options']],
    ['close', 'DENY', 'nosniff'],
  );
  const head = await askPage(target, '/', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.equal((await askPage(target, '/other')).status, 404);
  const lost = await askPage(target, '/other', { headers: HTML });
  assert.deepEqual([lost.status, /href=".\/">Terug naar het formulier/.test(lost.body)], [404, true]);
  const got = await askPage(target, `/password?login=x&code=${shown.code}`);
  assert.deepEqual([got.status, got.headers.allow], [405, 'POST']);
  assert.equal((await postForm(target, '/', shown)).status, 405);
  assert.equal((await postForm(target, '/', shown, HTML)).status, 405);
  assert.deepEqual(target.asked, []);
});

test('links lead from page to page, so that all of it works below a path of a proxy; the other language leads back', async (t) => {
  const page = 'https://codes.example.nl/start/';
  const target = await open(t, { page });
  const form = (await askPage(target, '/certificate', { headers: HTML })).body;
  const links = [...form.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, link = '']) => link);
  assert(links.length >= 6);
  assert.deepEqual(
    links.filter((link) => !link.startsWith('./') && link !== '#content'),
    [],
  );
  const inside = links.filter((link) => link.startsWith('./files/')).map((link) => link.slice(1));
  for (const path of inside) assert.equal((await askPage(target, path)).status, 200, path);
  const other = await postForm(
    target,
    '/language',
    { to: 'en' },
    { ...HTML, origin: 'https://codes.example.nl', referer: `${page}certificate` },
  );
  assert.deepEqual([other.status, other.headers.location], [303, '/start/certificate']);
  const [cookie = ''] = other.headers['set-cookie'] ?? [];
  const english = await askPage(target, '/certificate', { headers: { ...HTML, cookie: cookie.split(';')[0] ?? '' } });
  assert.match(english.body, /<html lang="en">/);
});

test('an error keeps what was typed, except the password, whose characters stay characters', async (t) => {
  const target = await open(t, { answer: { kind: 'refused' } });
  const typed = { ...shown, login: '"><script>1</script>', password: 'Some-password-1' };
  const wrong = await postForm(target, '/password', typed, HTML);
  assert.equal(wrong.status, 403);
  assert(wrong.body.includes('value="&quot;&gt;&lt;script&gt;1&lt;/script&gt;"') && wrong.body.includes(shown.code));
  assert.match(wrong.body, /role="alert"/);
  assert.doesNotMatch(wrong.body, /Some-password-1/);
  const request = await postForm(target, '/certificate', { ...shown, request: 'no <request>' }, HTML);
  assert.match(request.body, /no &lt;request&gt;<\/textarea>/);
  const missing = await postForm(target, '/password', { login: 'anna' }, HTML);
  assert(missing.status === 422 && missing.body.includes('value="anna"'));
});

test('a password is shown as a page, as text and as JSON, and its characters stay characters', async (t) => {
  const target = await open(t, { answer: { ...given, ends: instant(Date.UTC(2027, 0, 31, 23)) } });
  const html = await postForm(target, '/password', shown, { ...HTML, 'accept-language': 'en' });
  assert.match(html.body, /<output>&lt;new &amp; shiny&gt;<\/output>/);
  assert.match(
    html.body,
    /Valid until[\s\S]*Monday 1 February 2027 at 00:00[\s\S]*<li>Collecting \(POP3\): mail\.test, port 995, SSL\/TLS<\/li>/,
  );
  assert.equal((await postForm(target, '/password', shown)).body, '<new & shiny>\n');
  const json = await askPage(target, '/password', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...shown, password: 'my own one' }),
  });
  assert.deepEqual(JSON.parse(json.body), {
    ...{ login: shown.login, name: 'first', password: '<new & shiny>', ends: '2027-01-31T23:00:00.000Z' },
  });
  assert.deepEqual(target.asked.at(-1), { for: 'password', ...shown, password: 'my own one' });
});

test('a request comes pasted, as a file, and as the DER that some programs write', async (t) => {
  const target = await open(t, { answer: { kind: 'certificate', login: shown.login, pem: 'PEM\n' } });
  assert.equal((await postForm(target, '/certificate', { ...shown, request: ' PASTED ' })).body, 'PEM\n');
  const part = (name: string, value: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"; filename="x"\r\n\r\n`),
      value,
      Buffer.from('\r\n'),
    ]);
  const multipart = (...parts: Buffer[]): Promise<{ status: number; body: string }> =>
    askPage(target, '/certificate', {
      headers: { 'content-type': 'multipart/form-data; boundary=b', accept: 'text/html' },
      body: Buffer.concat([...parts, Buffer.from('--b--\r\n')]),
    });
  const who = [part('login', Buffer.from(shown.login)), part('code', Buffer.from(shown.code))];
  const page = await multipart(...who, part('request', Buffer.alloc(0)), part('file', Buffer.from('FILE')));
  assert.match(page.body, /<pre>PEM\n<\/pre>/);
  await multipart(...who, part('file', Buffer.from([0x30, 1, 0])));
  assert.deepEqual(
    target.asked.map((wish) => (wish.for === 'certificate' ? wish.request : '')),
    ['PASTED', 'FILE', '-----BEGIN CERTIFICATE REQUEST-----\nMAEA\n-----END CERTIFICATE REQUEST-----\n'],
  );
  assert.equal((await multipart(...who, part('code', Buffer.from('twice')))).status, 400);
  assert.equal((await multipart(part('login', Buffer.from('a\r\n--b')))).status, 400);
});

test('each ending has its status and its words, the same in every form', async (t) => {
  const ending = { value: { kind: 'refused' } as WindowAnswer };
  const target = await open(t, { answer: () => Promise.resolve(ending.value) });
  for (const [answer, status, error, retry] of [
    [{ kind: 'refused' }, 403, 'refused', undefined],
    [{ kind: 'busy', wait: milliseconds(2500) }, 429, 'busy', '3'],
    [{ kind: 'unusable', what: 'password', why: 'too short' }, 422, 'password', undefined],
    [{ kind: 'unusable', what: 'request', why: 'no PKCS #10' }, 422, 'request', undefined],
    [{ kind: 'failed' }, 503, 'failed', '60'],
  ] as const) {
    ending.value = answer;
    const json = await postForm(target, '/password', shown, { accept: 'application/json' });
    assert.deepEqual([json.status, json.headers['retry-after']], [status, retry]);
    assert.equal((JSON.parse(json.body) as { error: string }).error, error);
    const html = await postForm(target, '/password', shown, { accept: 'text/html' });
    assert.equal(html.status, status);
    assert.match(html.body, /role="alert"/);
  }
});

test('forms of other pages are refused, those of this one and of programs are not', async (t) => {
  const target = await open(t, { answer: given, page: 'https://codes.example.nl/start' });
  const from = async (headers: Record<string, string>): Promise<number> =>
    (await postForm(target, '/password', shown, headers)).status;
  assert.equal(await from({ origin: `https://mail.test:${target.port}` }), 200);
  assert.equal(await from({ origin: 'https://codes.example.nl' }), 200);
  assert.equal(await from({ 'sec-fetch-site': 'same-origin', origin: `https://mail.test:${target.port}` }), 200);
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://mail.test:${target.port}` },
    { 'sec-fetch-site': 'cross-site' },
  ])
    assert.equal(await from(headers), 403, JSON.stringify(headers));
  assert.equal(target.asked.length, 3);
  const page = await postForm(target, '/password', shown, { ...HTML, origin: 'https://evil.example' });
  assert.deepEqual([page.status, target.asked.length], [403, 3]);
});

test('what is too large, of another type, or no form is refused and the code is not looked at', async (t) => {
  const target = await open(t);
  const big = await postForm(target, '/password', { ...shown, password: 'x'.repeat(20_000) });
  assert.equal(big.status, 413);
  const huge = await raw(t, target, 'POST /password HTTP/1.1\r\nHost: mail.test\r\nContent-Length: 99999999\r\n\r\nx');
  assert.match(await restOf(huge), /^HTTP\/1\.1 413 /);
  const header = await raw(t, target, `GET / HTTP/1.1\r\nHost: mail.test\r\nX: ${'y'.repeat(9000)}\r\n\r\n`);
  assert.match(await restOf(header), /^HTTP\/1\.1 4\d\d /);
  const text = await askPage(target, '/password', { headers: { 'content-type': 'text/plain' }, body: 'hello' });
  assert.equal(text.status, 415);
  for (const body of ['{', '[]', '{"login":1}', 'null', '{"login":"x","login":"y","code":"z"}'])
    assert.equal(
      (await askPage(target, '/password', { headers: { 'content-type': 'application/json' }, body })).status,
      400,
      body,
    );
  assert.equal((await postForm(target, '/password', { login: 'x' })).status, 400);
  assert.equal((await postForm(target, '/password', { ...shown, login: 'x'.repeat(300) })).status, 400);
  const twice = await askPage(target, '/password', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `login=a&code=b&code=${shown.code}`,
  });
  assert.equal(twice.status, 400);
  assert.deepEqual(target.asked, []);
});

test('a slow client is cut, before its handshake, in its header and in its body', async (t) => {
  const target = await open(t);
  const { clock, listener } = target;
  const silent = connectTcp(target.port, '127.0.0.1').on('error', () => undefined);
  await once(silent, 'connect');
  const half = [
    'GET / HTTP/1.1\r\nHost: mail',
    'POST /password HTTP/1.1\r\nHost: mail.test\r\nContent-Length: 10\r\n\r\nlog',
  ];
  const lines = [silent, ...(await Promise.all(half.map((text) => raw(t, target, text))))];
  while (listener.sessions < 3) await new Promise((resolve) => setImmediate(resolve));
  const closed = lines.map(restOf);
  clock.advance(seconds(20));
  await Promise.all(closed);
  while (listener.sessions > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(target.connections.open, 0);
  assert.equal(clock.waiting, 0);
});

test('one request for each connection: what stands behind it is not answered', async (t) => {
  const target = await open(t);
  const one = 'GET / HTTP/1.1\r\nHost: mail.test\r\n\r\n';
  const socket = await raw(t, target, one + one);
  const text = await restOf(socket);
  assert.equal(text.match(/^HTTP\/1\.1 200/gm)?.length, 1);
});

test('limits on connections and networks hold as they do for mail; a stop answers what was asked', async (t) => {
  let answer: (given: WindowAnswer) => void = () => undefined;
  const target = await open(t, {
    connections: { perNetwork: 1 },
    answer: () => new Promise<WindowAnswer>((resolve) => (answer = resolve)),
  });
  const asked = postForm(target, '/password', shown);
  while (target.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(askPage(target, '/'), /ECONNRESET|socket/);
  assert.deepEqual(
    target.log.events.filter(({ event }) => event === 'enrolment.turned-away').map(({ fields }) => fields.why),
    ['network'],
  );
  const stopped = target.listener.stop(seconds(5));
  answer(given);
  assert.equal((await asked).status, 200);
  await stopped;
  const closed = await open(t, { spec: { networks: ['192.0.2.0/24'] } });
  await assert.rejects(askPage(closed, '/'), /ECONNRESET|socket/);
});

test('a visitor who only connects makes room for the next', async (t) => {
  const target = await open(t, { connections: { beforeLogin: 1 } });
  const first = await raw(t, target, '');
  const closed = new Promise((resolve) => first.once('close', resolve));
  assert.equal((await askPage(target, '/')).status, 200);
  await closed;
  while (target.connections.open > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('the language is the one that the reader likes best', () => {
  for (const [header, language] of [
    [undefined, 'nl'],
    ['en', 'en'],
    ['fr, en;q=0.3, nl;q=0.2', 'en'],
    ['en;q=0', 'nl'],
    ['NL-BE', 'nl'],
    ['english', 'nl'],
  ] as const)
    assert.equal(languageOf(header), language, header);
});
