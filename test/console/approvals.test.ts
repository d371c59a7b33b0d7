/**
 * A request that needs a second person is decided on in the console, with a passkey; the signature
 * is checked where it is used, and wherever the trail is.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import type { Input } from '../../src/admin/input.ts';
import { checkLines } from '../../src/cli/audit-files.ts';
import { CHAIN_START, chainHash } from '../../src/crypto/trail/audit-chain.ts';
import { EXPORT_FORMAT, exportLine } from '../../src/crypto/trail/audit-export.ts';
import type { ChainRow } from '../../src/domain/audit-row.ts';
import { OWNER_SAID, type Role } from '../../src/domain/roles.ts';
import { minutes } from '../../src/domain/units.ts';
import type { AuditRow } from '../../src/store/audit.ts';
import { type Browser, LeapingClock, type Seen, type TestConsole, operator, startConsole } from '../support/console.ts';
import type { SoftPasskey } from '../support/passkey.ts';

const SETTINGS = '[operators]\nsecond-person = ["end"]\n[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"';

interface Person {
  readonly browser: Browser;
  readonly passkey: SoftPasskey;
}

interface Scene extends TestConsole {
  readonly jan: Person;
  readonly els: Person;
  /** Jan asks for the end of a partner. Answers the path of the request. */
  readonly ask: (partner?: string) => Promise<string>;
  readonly events: (event: string) => Promise<readonly AuditRow[]>;
  readonly db: (text: string, ...values: readonly unknown[]) => void;
}

async function scene(t: TestContext, clock = new LeapingClock()): Promise<Scene> {
  const console = await startConsole(t, { accounts: ['anna'], configuration: SETTINGS, clock });
  const { store, config } = console.gateway;
  await store.registry.addOrganisation({ name: 'umc', title: 'UMC', language: 'nl' }, operator);
  const jan = await console.loggedIn('jan', 'registry');
  const els = await console.loggedIn('els', 'owner');
  const ask = async (partner = 'umc'): Promise<string> => {
    await run(console, 'partner.add', { name: partner, organisation: 'umc', host: `${partner}.example` });
    const path = `/partners/${partner}/end`;
    const form = (await jan.browser.get(path)).form(path);
    const asked = await jan.browser.post(path, { ...form, reason: 'ticket 5', confirm: partner });
    assert.match(asked.body, /waits for a second person/);
    return /href="(\/approvals\/[^"]+)"/.exec(asked.body)?.[1] ?? '';
  };
  const db = (text: string, ...values: readonly unknown[]): void => {
    const open = new Database(join(config.data.folder, 'sluis.db'));
    assert.equal(open.prepare(text).run(...values).changes, 1);
    open.close();
  };
  const events = async (event: string): Promise<readonly AuditRow[]> =>
    (await store.audit.read({ limit: 1000 })).filter((row) => row.event === event);
  return {
    ...console,
    jan,
    els,
    ask,
    db,
    events,
    loggedIn: console.loggedIn,
    browser: console.browser,
    code: console.code,
  };
}

const run = async (console: TestConsole, name: OperationName, input: Input): Promise<unknown> =>
  await runOperation(
    name,
    console.gateway.admin,
    input,
    { actor: operator, who: OWNER_SAID, progress: () => undefined },
    console.gateway.log,
  );

const ANSWERS = { reason: 'called jan', caller: 'called' };

/** The page of exactly what is signed. */
async function toTouch(
  { browser }: Person,
  path: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const action = `${path}/decide`;
  const form = (await browser.get(path)).form(action);
  return await browser.post(action, { ...form, ...ANSWERS, verdict: 'approved', ...fields });
}

async function decide(person: Person, path: string, fields: Readonly<Record<string, string>> = {}): Promise<Seen> {
  const page = await toTouch(person, path, fields);
  const action = `${path}/decide`;
  return await person.browser.post(action, { ...page.form(action), credential: person.passkey.get(page.options) });
}

async function runIt({ browser }: Person, path: string): Promise<Seen> {
  const [, token = ''] = /name="token" value="([^"]+)"/.exec((await browser.get(path)).body) ?? [];
  return await browser.post(`${path}/run`, { token });
}

const ended = async ({ gateway }: TestConsole, name = 'umc'): Promise<boolean> =>
  (await gateway.store.registry.findPartnerNamed(name))?.endsAt !== undefined;

test('who asks in the console and a colleague who approves with a passkey are two people, and the trail proves it', async (t) => {
  const all = await scene(t);
  const { jan, els, events, gateway } = all;
  const path = await all.ask();
  const own = await jan.browser.get(path);
  assert.match(own.body, /your own request/);
  assert.match(own.body, /Still needed<\/dt><dd>1</);
  assert.doesNotMatch(own.body, /\/decide"/);
  assert.equal((await runIt(jan, path)).status, 409, 'nobody has approved it');

  const unsaid = await toTouch(els, path, { caller: '' });
  assert.equal(unsaid.status, 422);
  assert.match(unsaid.body, /role="alert"[\s\S]*Say why, and how you know/);
  const page = await toTouch(els, path);
  // What is read is what is signed: request, asker, reason, plan and decision.
  for (const part of [/partner\.end/, /jan \(logged in with a passkey/, /ticket 5/, /What will happen/, /called jan/])
    assert.match(page.body, part);
  const action = `${path}/decide`;
  const credential = els.passkey.get(page.options);
  const done = await els.browser.post(action, { ...page.form(action), credential });
  assert.deepEqual([done.status, done.to], [303, `${path}?done=approved`]);
  assert.match((await els.browser.get(`${path}?done=approved`)).body, /You have approved the request[\s\S]*\/run"/);
  assert.match((await runIt(jan, path)).body, /It was done/);
  assert(await ended(all));

  const [asked] = await events('approval.asked');
  assert.equal(asked?.facts?.proof, 'passkey');
  const [signed] = await events('approval.signed');
  const { actor, reason, operator: who, statement } = signed?.personal ?? {};
  assert.deepEqual([actor, reason, who], ['els', 'called jan', 'els']);
  assert.deepEqual([signed?.facts?.proof, signed?.facts?.caller], ['passkey', 'called back']);
  const said = JSON.parse(String(statement)) as Record<string, string>;
  assert.deepEqual(
    [said.operation, said.input, said.askedBy, said.reason, said.verdict, said.why],
    ['partner.end', said.input, 'jan', 'ticket 5', 'approved', 'called jan'],
  );
  assert.match(said.input ?? '', /"name":"umc"/);
  assert.match(said.plan ?? '', /umc/);
  const [used] = await events('approval.used');
  assert.deepEqual([used?.personal?.first, used?.personal?.second], ['jan', 'els']);
  const changed = (await events('operator.changed')).find(({ personal }) => personal?.actor === 'jan, approved by els');
  assert.equal(changed?.facts?.proof, 'signatures');
  assert.equal((await gateway.store.audit.verify()).kind, 'intact');

  await t.test('what was signed is checked with the chain, in a trail and in an export without names', async () => {
    const { audit } = all.gateway.store;
    const rows = await audit.chain({ fromSeq: 1, limit: 1000 });
    const n = rows.findIndex(({ event }) => event === 'approval.signed');
    const verdictOf = async (trail: readonly ChainRow[], personal = true): Promise<string> => {
      const header = {
        format: EXPORT_FORMAT,
        hostname: 'mail.test',
        made: '',
        after: { seq: 0, hash: '0'.repeat(64) },
      };
      const lines = [JSON.stringify(header), ...trail.map((row) => exportLine(row, { personal }))];
      return (await checkLines('the export', lines, [])).broken?.why ?? 'holds';
    };
    /** Written again from there on, as whoever has the database can. */
    const forged = (change: (facts: Record<string, string>) => Record<string, string>): readonly ChainRow[] => {
      let before: Uint8Array = CHAIN_START;
      return rows.map((row, at) => {
        const facts = at === n ? JSON.stringify(change(JSON.parse(row.facts) as Record<string, string>)) : row.facts;
        const made = { ...row, facts };
        before = chainHash(before, made);
        return { ...made, hash: before };
      });
    };
    assert.equal(await verdictOf(forged((facts) => facts)), 'holds');
    assert.equal(
      await verdictOf(
        forged((facts) => facts),
        false,
      ),
      'holds',
    );
    const flipped = (text = ''): string => {
      const octets = Buffer.from(text, 'base64url');
      octets.writeUInt8(octets.readUInt8(octets.length - 1) ^ 1, octets.length - 1);
      return octets.toString('base64url');
    };
    for (const part of ['signature', 'authenticatorData', 'clientData', 'publicKey'])
      for (const personal of [true, false])
        assert.match(
          await verdictOf(
            forged((facts) => ({ ...facts, [part]: flipped(facts[part]) })),
            personal,
          ),
          /the signature of a passkey does not hold/,
          part,
        );
    assert.match(
      await verdictOf(forged((facts) => ({ ...facts, caller: 'not asked' }))),
      /does not say what was signed/,
    );
    assert.match(
      await verdictOf(forged((facts) => ({ ...facts, operation: 'audit.erase' }))),
      /does not say what was signed/,
    );
  });
});

test('a request that a colleague refuses is done by nobody, and the trail has who refused it and why', async (t) => {
  const all = await scene(t);
  const path = await all.ask();
  const refused = await decide(all.els, path, { verdict: 'rejected' });
  assert.match(refused.body, /You have refused the request/);
  assert.equal((await all.jan.browser.get(path)).status, 404, 'it waits no more');
  const token = (await all.jan.browser.get('/partners/umc')).form('/logout').token ?? '';
  const late = await all.jan.browser.post(`${path}/run`, { token });
  assert.equal(late.status, 409);
  assert.match(late.body, /a second person refused it at/);
  assert(!(await ended(all)));
  const [row] = await all.events('approval.rejected');
  assert.deepEqual([row?.personal?.actor, row?.personal?.reason], ['els', 'called jan']);
  assert.equal((await all.gateway.store.audit.verify()).kind, 'intact');
  // It can be asked again, as another request.
  assert.notEqual(await askAgain(all), path);

  await t.test('one that counts nothing serves once all the same, though the request waited still', async () => {
    const { browser, passkey } = await all.loggedIn('kim', 'owner', { synced: true });
    const path = await all.ask('amc');
    const action = `${path}/decide`;
    const page = await toTouch({ browser, passkey }, path, { verdict: 'rejected' });
    const sent = { ...page.form(action), credential: passkey.get(page.options) };
    assert.equal((await browser.post(action, sent)).status, 200);
    // As if the request waited still.
    all.db(`UPDATE approval SET rejected_at = NULL WHERE id = ?`, path.slice('/approvals/'.length));
    assert.equal((await browser.post(action, sent)).status, 403);
    all.gateway.admin.gateway?.writeCounted();
    assert.deepEqual(
      (await all.events('console.refused')).map(({ facts }) => facts?.why),
      ['replayed'],
    );
  });

  await t.test('who has no passkey is told so, and what to do', async () => {
    const path = await all.ask('lumc');
    const { store } = all.gateway;
    const session = await all.loggedIn('piet', 'owner');
    // As a session of a provider has none.
    const [mine] = (await store.console.passkeys()).filter((one) => one.operator === 'piet');
    all.db(`UPDATE operator_passkey SET ended_at = 1 WHERE id = ?`, mine?.id);
    const page = await session.browser.get(path);
    assert.match(page.body, /you need a passkey, and you have none[\s\S]*sluis approve/);
    assert.doesNotMatch(page.body, /\/decide"/);
  });
});

async function askAgain({ jan }: Scene): Promise<string> {
  const path = '/partners/umc/end';
  const form = (await jan.browser.get(path)).form(path);
  const asked = await jan.browser.post(path, { ...form, reason: 'ticket 5', confirm: 'umc' });
  return /href="(\/approvals\/[^"]+)"/.exec(asked.body)?.[1] ?? '';
}

test('an answer serves once, for one request, one decision, one session and one use', async (t) => {
  const all = await scene(t);
  const { jan, els, gateway } = all;
  const [path, other] = [await all.ask(), await all.ask('amc')];
  const action = `${path}/decide`;
  const page = await toTouch(els, path);
  const form = page.form(action);
  const sent = async (fields: Readonly<Record<string, string>>, to = action, by = els): Promise<number> =>
    (await by.browser.post(to, { ...form, ...fields })).status;
  const challenged = (from: string): string =>
    JSON.stringify({
      ...(JSON.parse(page.options) as object),
      challenge: (JSON.parse(from) as { challenge: string }).challenge,
    });
  const get = (options = page.options, quirks = {}): string => els.passkey.get(options, quirks);

  assert.equal(await sent({ credential: get() }, `${other}/decide`), 403, 'of another request');
  assert.equal(await sent({ credential: get(), verdict: 'rejected' }), 403, 'another decision');
  assert.equal(await sent({ credential: get(), reason: 'something else' }), 403, 'another reason');
  assert.equal(await sent({ credential: get(), caller: 'own' }), 403, 'another answer on who asked');
  assert.equal(
    await sent({ credential: get(), plan: Buffer.from('nothing').toString('base64url') }),
    403,
    'another plan',
  );
  assert.equal(await sent({ credential: get(page.options, { flags: 1 }) }), 403, 'present, not verified');
  assert.equal(await sent({ credential: get(page.options, { counter: 1 }) }), 403, 'a counter that did not rise');
  assert.equal(await sent({ credential: get(page.options, { origin: 'https://evil.example' }) }), 403, 'another site');
  assert.equal(await sent({ credential: jan.passkey.get(page.options) }), 403, 'the passkey of somebody else');
  const logIn = (await all.browser().get('/login')).options;
  assert.equal(await sent({ credential: get(challenged(logIn)) }), 403, 'a challenge of the login');
  const prove = (await els.browser.get('/prove')).options;
  assert.equal(await sent({ credential: get(challenged(prove)) }), 403, 'a challenge of a step-up');
  const stepUp = (await els.browser.get('/prove')).form('/prove');
  assert.equal((await els.browser.post('/prove', { ...stepUp, credential: get() })).status, 403, 'used as a step-up');
  const stranger = all.browser();
  assert.equal((await stranger.post('/login', { to: '/', credential: get() })).status, 403, 'used as a login');

  const credential = get();
  assert.equal(await sent({ credential }), 303);
  assert.equal(await sent({ credential }), 409, 'the same answer again');
  gateway.admin.gateway?.writeCounted();
  const whys = (await all.events('console.refused')).map(({ facts }) => facts?.why);
  assert.deepEqual([...new Set(whys)].sort(), ['challenge', 'counter', 'passkey']);
});

test('nobody decides on his own request, without the right, for one organisation alone, or twice', async (t) => {
  const all = await scene(t);
  const path = await all.ask();
  const bodyOf = async (who: Person): Promise<string> => (await who.browser.get(path)).body;
  const tried = async (who: Person): Promise<number> => {
    const token = (await who.browser.get('/')).form('/logout').token ?? '';
    return (await who.browser.post(`${path}/decide`, { ...ANSWERS, token, verdict: 'approved', credential: '' }))
      .status;
  };
  assert.equal(await tried(all.jan), 409, 'his own');
  for (const [name, role] of Object.entries({ kim: 'support', bob: 'security' } satisfies Record<string, Role>)) {
    const who = await all.loggedIn(name, role);
    assert.match(await bodyOf(who), /Your role may not do what is asked/);
    assert.equal(await tried(who), 403, role);
  }
  const bound = await all.loggedIn('eva', 'registry', { organisation: 'umc' });
  assert.equal((await bound.browser.get(path)).status, 403, 'what waits concerns all');
  assert.equal(await tried(bound), 403);
  assert.equal((await decide(all.els, path)).status, 303);
  const signed = await bodyOf(all.els);
  assert.match(signed, /You have signed\. While/);
  assert.doesNotMatch(signed, /value="approved"/);
  assert.equal(await tried(all.els), 409, 'twice');
  const whys = (await all.events('approval.refused')).map(({ facts }) => facts?.why);
  assert(whys.includes('it is your own request') && whys.includes('your role may not do what it asks'), whys.join());
  // Whoever signed may think better of it.
  assert.match((await decide(all.els, path, { verdict: 'rejected' })).body, /You have refused/);
  assert(!(await ended(all)));
});

test('a passkey that has ended, or a request that was changed, approves nothing, before the run and after', async (t) => {
  const all = await scene(t);
  const { store } = all.gateway;
  const idOf = (path: string): string => path.slice('/approvals/'.length);
  const passkeyOf = async (name: string): Promise<string> =>
    (await store.console.passkeys()).find((one) => one.operator === name)?.id ?? '';

  // Changed between the page and the touch, and after it.
  const first = await all.ask();
  const action = `${first}/decide`;
  const page = await toTouch(all.els, first);
  all.db(`UPDATE approval SET input = '{"name":"amc"}' WHERE id = ?`, idOf(first));
  const credential = all.els.passkey.get(page.options);
  assert.equal((await all.els.browser.post(action, { ...page.form(action), credential })).status, 403);
  const second = await all.ask('lumc');
  assert.equal((await decide(all.els, second)).status, 303);
  all.db(`UPDATE approval SET reason = 'another' WHERE id = ?`, idOf(second));
  assert.match((await runIt(all.jan, second)).body, /only operator &quot;jan&quot; has asked it/);
  assert.match((await all.jan.browser.get(second)).body, /nobody yet/);

  // The signature is as it was, and whoever made it has no passkey any more.
  const third = await all.ask('radboud');
  assert.equal((await decide(all.els, third)).status, 303);
  all.db(`UPDATE approval_passkey SET signature = ? WHERE approval = ?`, Buffer.alloc(70), idOf(third));
  assert.match((await all.jan.browser.get(third)).body, /nobody yet/, 'a signature that was touched');
  const fourth = await all.ask('erasmus');
  assert.equal((await decide(all.els, fourth)).status, 303);
  await store.console.endPasskey(await passkeyOf('els'), operator);
  assert.match((await runIt(all.jan, fourth)).body, /only operator/);
  // Nor does the request of an asker whose passkey was taken from him hold as his.
  const { browser, passkey } = await all.loggedIn('kim', 'owner');
  assert.equal((await decide({ browser, passkey }, fourth)).status, 303);
  await store.console.endPasskey(await passkeyOf('jan'), operator);
  assert.match((await runIt({ browser, passkey }, fourth)).body, /only operator &quot;kim&quot; has signed it/);
  for (const name of ['umc', 'lumc', 'radboud', 'erasmus']) assert(!(await ended(all, name)), name);
});

test('a request of whoever only says who he is takes two, by keys or passkeys; and it ends with its hour', async (t) => {
  const clock = new LeapingClock();
  const all = await scene(t, clock);
  await run(all, 'partner.add', { name: 'umc', organisation: 'umc', host: 'umc.example' });
  const asked = { name: 'umc', confirm: 'umc' };
  await assert.rejects(run(all, 'partner.end', { ...asked }), /needs a second person/);
  const [request] = await all.gateway.store.operators.waiting();
  const path = `/approvals/${request?.id}`;
  assert.match((await all.els.browser.get(path)).body, /test \(as the caller said\)[\s\S]*Still needed<\/dt><dd>2</);
  assert.equal((await decide(all.els, path)).status, 303);
  assert.match((await runIt(all.jan, path)).body, /only operator &quot;els&quot; has signed it/);
  const page = await toTouch(all.jan, path);
  clock.leap(minutes(61));
  const action = `${path}/decide`;
  const late = await all.jan.browser.post(action, {
    ...page.form(action),
    credential: all.jan.passkey.get(page.options),
  });
  assert(late.status >= 303 && late.status !== 200, String(late.status));
  assert.equal((await all.events('approval.signed')).length, 1);
});
