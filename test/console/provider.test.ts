/**
 * What an OpenID provider may answer, and what is made of it: the client alone, against a provider
 * that is right but for one thing.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Answered, type Flow, MAX_PROVIDER_ANSWER, Provider } from '../../src/console/login/provider.ts';
import { milliseconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { testCertificates } from '../support/certificates.ts';
import { MemoryLog } from '../support/log.ts';
import { type FalseAnswers, type FalseProvider, startFalseProvider } from '../support/openid.ts';

const REDIRECT = 'https://mail.test/login/provider';
const flow = (again = false): Flow => ({ state: 'a-state', nonce: 'a-nonce', verifier: 'v'.repeat(43), again });

interface Tried {
  readonly at: FalseProvider;
  readonly client: Provider;
  readonly log: MemoryLog;
  /** A login that came back with these parameters. */
  readonly back: (more?: Readonly<Record<string, string>>, again?: boolean) => Promise<Answered>;
}

async function start(t: TestContext, answers: FalseAnswers = {}, at?: FalseProvider): Promise<Tried> {
  const provider = at ?? (await startFalseProvider(t));
  provider.answers = answers;
  const { certificate: ca } = (await testCertificates()).ca;
  const log = new MemoryLog();
  const client = new Provider(
    {
      ...{ issuer: provider.issuer, clientId: 'sluis', scope: 'openid', groupsClaim: 'groups', redirect: REDIRECT },
      ...{ acr: [], amr: ['mfa'], withCertificate: ['pwd'], secret: () => 'the-secret', authorities: () => [ca] },
    },
    systemClock,
    log,
    milliseconds(400),
  );
  return {
    ...{ at: provider, client, log },
    back: (more = {}, again = false) =>
      client.judge(
        new URLSearchParams({ code: 'a-nonce', state: 'a-state', iss: provider.issuer, ...more }),
        flow(again),
      ),
  };
}

test('a browser is sent to the provider with state, nonce and a challenge of PKCE, and a right answer is taken', async (t) => {
  const { client, back, at } = await start(t);
  const address = await client.address(flow(true), 'nl');
  assert(address instanceof URL);
  assert.equal(address.origin + address.pathname, `${at.issuer}/auth`);
  const said = Object.fromEntries(address.searchParams);
  assert.deepEqual(
    [said.redirect_uri, said.response_type, said.code_challenge_method, said.state, said.nonce, said.prompt],
    [REDIRECT, 'code', 'S256', 'a-state', 'a-nonce', 'login'],
  );
  assert(said.code_challenge !== undefined && !address.href.includes('v'.repeat(43)));
  assert.deepEqual(await back(), {
    kind: 'vouched',
    vouched: { subject: 'person', groups: ['help'], strength: 'two' },
  });
  assert.deepEqual(at.asked, ['/.well-known/openid-configuration', '/token', '/keys']);
});

test('an answer that does not fit is refused: other keys, issuer, audience, nonce, state, time, and no word of the issuer', async (t) => {
  const at = await startFalseProvider(t);
  const now = Math.floor(Date.now() / 1000);
  const wrong: readonly (readonly [string, FalseAnswers, Readonly<Record<string, string>>?])[] = [
    ['signed by another key', { foreignKey: true }],
    ['issuer of the token', { claims: { iss: 'https://evil.example' } }],
    ['audience', { claims: { aud: 'another' } }],
    ['nonce', { claims: { nonce: 'another' } }],
    ['too old', { claims: { exp: now - 3600, iat: now - 7200 } }],
    ['issuer of the answer', {}, { iss: 'https://evil.example' }],
    ['state', {}, { state: 'another' }],
    ['metadata of another', { metadata: { issuer: 'https://evil.example' } }],
  ];
  for (const [name, answers, more] of wrong)
    assert.equal(await (await start(t, answers, at)).back(more), 'provider', name);
  // RFC 9207: who says that it names itself must.
  const { client } = await start(t, {}, at);
  assert.equal(await client.judge(new URLSearchParams({ code: 'a-nonce', state: 'a-state' }), flow()), 'provider');
  const { back } = await start(t, { claims: { auth_time: now - 600 } }, at);
  assert.equal(await back({}, true), 'provider', 'not asked again just now');
  assert.equal(await (await start(t, {}, at)).back({ error: 'access_denied' }), 'denied');
  for (const [amr, strength] of [
    [['pwd'], 'with'],
    [['swk'], 'less'],
    [undefined, 'less'],
  ] as const) {
    const weak = await (await start(t, { claims: { amr } }, at)).back();
    assert(typeof weak !== 'string' && weak.vouched.strength === strength, strength);
  }
});

test('a provider that hangs, pours, fails, redirects or is not there holds nobody up, and its secret stands in no log', async (t) => {
  const at = await startFalseProvider(t);
  const tried = async (path: string, how: 'hang' | 'pour' | 'fail' | 'redirect'): Promise<Answered> => {
    const { back, log } = await start(t, { at: { [path]: how } }, at);
    const answered = await back();
    assert.doesNotMatch(JSON.stringify(log.events), /the-secret|a-nonce/);
    return answered;
  };
  for (const path of ['/.well-known/openid-configuration', '/token', '/keys'])
    for (const how of ['hang', 'pour', 'fail'] as const) assert.equal(await tried(path, how), 'down', `${path} ${how}`);
  for (const path of ['/.well-known/openid-configuration', '/token', '/keys'])
    assert.equal(await tried(path, 'redirect'), 'provider', path);
  assert(!at.asked.includes('/elsewhere'), 'a redirect is not followed');
  assert(MAX_PROVIDER_ANSWER <= 1024 * 1024);
  // After a failure it is left alone for a while, however many press the button.
  const { client, at: same } = await start(t, { at: { '/.well-known/openid-configuration': 'fail' } }, at);
  const before = same.asked.length;
  const all = await Promise.all(Array.from({ length: 20 }, () => client.address(flow(), 'en')));
  assert.deepEqual([...new Set(all)], ['down']);
  assert.equal(await client.address(flow(), 'en'), 'down');
  assert.equal(same.asked.length, before + 1);
});

test('whoever leaves is shown the way out of the provider where it has one, over TLS, and nowhere else', async (t) => {
  const place = 'https://login.example/end?tenant=a';
  const { client } = await start(t, { metadata: { end_session_endpoint: place } });
  const url = await client.logOut('nl');
  assert.equal(url?.href, 'https://login.example/end?tenant=a&ui_locales=nl&client_id=sluis');
  for (const metadata of [
    {},
    { end_session_endpoint: 'http://login.example/end' },
    { end_session_endpoint: 'javascript:1' },
  ])
    assert.equal(await (await start(t, { metadata })).client.logOut('nl'), undefined);
  const away = await start(t, { at: { '/.well-known/openid-configuration': 'fail' } });
  assert.equal(await away.client.logOut('nl'), undefined);
  assert(away.log.events.some(({ event }) => event === 'console.provider'));
});
