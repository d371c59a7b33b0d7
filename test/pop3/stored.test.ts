/**
 * POP3 over the SQLite store: what the maildrops in memory promise elsewhere holds for the real
 * ones.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { seconds } from '../../src/domain/units.ts';
import { startPop3 } from '../support/pop3.ts';
import { seeded } from '../support/seeded.ts';
import { addAccount, deliver, openTestStore } from '../support/store.ts';
import { Line } from '../support/transcript.ts';

const small = 'Subject: a\r\n\r\n.dot\r\nüml\r\n'.replace('ü', '\xfc');
/** Over several chunks, with dots at the start of lines everywhere. */
const large = (): string => {
  const random = seeded(20_000);
  const line = (): string => `${random.below(2) === 0 ? '.' : ''}${random.octets(30).toString('base64')}\r\n`;
  return `Subject: b\r\n\r\n${Array.from({ length: 20_000 }, line).join('')}`;
};

const read = async (line: Line, command: string): Promise<string> => {
  line.send(`${command}\r\n`);
  assert.match((await line.line()) ?? '', /^\+OK/, command);
  const lines: string[] = [];
  for (let text = await line.line(); text !== '.'; text = await line.line()) {
    assert.ok(text !== undefined, 'the line was dropped');
    lines.push(text.replace(/^\./, ''));
  }
  return lines.map((text) => `${text}\r\n`).join('');
};

test('what was filed is handed out octet for octet, and only QUIT removes it', async (t) => {
  const { store, clock } = await openTestStore(t);
  const accounts = { alice: await addAccount(store, 'alice') };
  const big = large();
  for (const body of [small, big]) await deliver(store, Buffer.from(body, 'latin1'), 'alice@group.test');
  await using pop3 = await startPop3({ tls: 'implicit', over: { store, clock, accounts } });
  const login = async (): Promise<Line> => {
    const line = await Line.open({ protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca });
    await line.startTls();
    await line.line();
    line.send('USER alice\r\nPASS secret\r\n');
    await line.line();
    assert.match((await line.line()) ?? '', /^\+OK maildrop locked/);
    return line;
  };
  let uidls = '';
  // Dropped lines: the next login comes at once, and finds everything, under the same ids.
  for (let round = 0; round < 3; round += 1) {
    const line = await login();
    const listed = await read(line, 'UIDL');
    assert.ok(round === 0 || listed === uidls);
    uidls = listed;
    assert.equal(await read(line, 'LIST'), `1 ${small.length}\r\n2 ${big.length}\r\n`);
    assert.equal(await read(line, 'RETR 1'), small);
    line.send('DELE 1\r\nDELE 2\r\n');
    await line.line();
    await line.line();
    line.close();
  }
  const line = await login();
  assert.equal(await read(line, 'RETR 2'), big);
  assert.equal(await read(line, 'TOP 2 1'), big.split('\r\n').slice(0, 3).join('\r\n') + '\r\n');
  line.send('DELE 2\r\nQUIT\r\n');
  await line.line();
  assert.equal(await line.line(), '+OK bye');
  const after = await login();
  assert.equal(await read(after, 'UIDL'), uidls.slice(0, uidls.indexOf('\n') + 1));
  after.close();
  await pop3.stop();
  const rows = await store.audit.read({ account: accounts.alice, limit: 100 });
  const collected = rows.filter((row) => row.event === 'message.collected').map((row) => row.facts?.removed);
  // Rows of sessions without QUIT wait for the next group commit; their order among the others is
  // not promised.
  assert.deepEqual([collected.length, collected.filter((removed) => removed === true).length], [4, 1]);
});

test('many who fetch at once, some of them broken off, get each their own mail', async (t) => {
  const random = seeded(20_001);
  const { store, clock } = await openTestStore(t);
  const logins = Array.from({ length: 6 }, (_, i) => `ward${i}`);
  const accounts: Record<string, AccountId> = {};
  const mail = new Map<string, string[]>();
  for (const login of logins) {
    accounts[login] = await addAccount(store, login);
    const bodies = [...Array.from({ length: 30 }, () => 10 + random.below(60_000)), 700_000].map((length) => {
      const line = (): string => `${login} ${random.below(3) === 0 ? '' : random.octets(20).toString('hex')}`;
      let body = `Subject: ${login}\r\n\r\n`;
      while (body.length < length) body += `${random.below(50) === 0 ? '.' : ''}${line()}\r\n`;
      return body;
    });
    for (const body of bodies) await deliver(store, Buffer.from(body), `${login}@group.test`);
    mail.set(login, bodies);
  }
  await using pop3 = await startPop3({ tls: 'implicit', over: { store, clock, accounts } });
  const login = async (name: string): Promise<Line> => {
    // A session that broke off holds the maildrop until the gateway has seen it.
    for (let tries = 0; tries < 100; tries += 1) {
      const line = await Line.open({ protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca });
      await line.startTls();
      await line.line();
      line.send(`USER ${name}\r\nPASS secret\r\n`);
      await line.line();
      const reply = await line.line();
      if (reply?.startsWith('+OK maildrop locked') === true) return line;
      line.close();
      assert.match(reply ?? 'dropped', /^-ERR \[IN-USE\]/);
    }
    return assert.fail(`${name}: the maildrop stays in use`);
  };
  const fetch = async (name: string, until: number): Promise<void> => {
    const line = await login(name);
    const bodies = mail.get(name) ?? [];
    for (const n of bodies.keys()) line.send(`RETR ${n + 1}\r\n`);
    for (const [n, body] of bodies.entries()) {
      if (n === until) break;
      assert.match((await line.line()) ?? '', /^\+OK \d+ octets/);
      let found = '';
      for (let text = await line.line(); text !== '.'; text = await line.line()) {
        assert.ok(text !== undefined, 'the line was dropped');
        found += `${text.replace(/^\./, '')}\r\n`;
      }
      assert.ok(found === body, `${name}: message ${n + 1}`);
    }
    line.close();
  };
  for (const round of [1, 2, 3])
    await Promise.all(logins.map((name) => fetch(name, round === 3 ? 100 : random.below(25))));
});

test('a silent session is taken over from the same network after 30 s and deletes nothing at its QUIT', async (t) => {
  const { store, clock } = await openTestStore(t);
  const accounts = { alice: await addAccount(store, 'alice') };
  await deliver(store, Buffer.from(small, 'latin1'), 'alice@group.test');
  await using pop3 = await startPop3({ tls: 'implicit', over: { store, clock, accounts } });
  const first = await Line.open({ protocol: 'pop3', port: pop3.listener.port, ca: pop3.ca });
  await first.startTls();
  await first.line();
  first.send('USER alice\r\nPASS secret\r\nDELE 1\r\n');
  for (let n = 0; n < 3; n += 1) assert.match((await first.line()) ?? '', /^\+OK/);
  const other = `
@tls
S: +OK *
C: USER alice
S: +OK *
C: PASS secret
S: `;
  clock.advance(seconds(29));
  await pop3.dialog(`${other}-ERR [IN-USE] *`);
  clock.advance(seconds(2));
  await pop3.dialog(`${other}+OK maildrop locked, 1 messages *`);
  first.send('QUIT\r\n');
  assert.match((await first.line()) ?? '', /^-ERR \[SYS\/TEMP\] this session no longer has the maildrop/);
  await first.closed();
  await pop3.stop();
  assert.equal((await store.registry.findAccount('alice'))?.messages, 1);
});
