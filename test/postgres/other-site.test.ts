/**
 * What a client sees at the other site: its TLS session resumes, its password is known, and what
 * was changed at one site about an account holds at the other within a second, and in a transaction
 * that had begun before.
 */
// @release: times of a client at the other site; two-gateways and nodes try what it rests on.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { type AdminClient, connectControl } from '../../src/admin/client.ts';
import { controlSocketOf, loadConfig } from '../../src/config/load.ts';
import { effort } from '../support/effort.ts';
import { addressOf, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type Login, SmtpClient, UnexpectedReply } from '../support/smtp-client.ts';
import { type Gateway, startTwoSites } from '../support/two-sites.ts';
import { until } from '../support/until.ts';
import { WireEnded } from '../support/wire.ts';

const TURNS = effort(5, 20);
/** Milliseconds, as promised, and what a poll of a few milliseconds and a busy machine add. */
const BOUND = 1000 + 250;

/**
 * openssl's client: keeps the session in `file`, or resumes the one that is there. Whether it
 * resumed.
 */
async function resumes(port: number, words: readonly string[]): Promise<boolean> {
  const asked = promisify(execFile)('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...words], {
    timeout: 20_000,
  });
  asked.child.stdin?.end('QUIT\r\n');
  const { stdout } = await asked.catch((error: unknown) => error as { stdout: string });
  assert.match(stdout, /New, TLS|Reused, TLS/, stdout);
  return stdout.includes('Reused, TLS');
}

/** The operator at a site, without a process for each command. */
async function operatorAt(t: TestContext, { instance }: Gateway): Promise<AdminClient> {
  const client = await connectControl(controlSocketOf(loadConfig(instance.config)), { name: 'test', reason: 'test' });
  assert.ok(client !== undefined);
  t.after(() => client.close());
  return client;
}

const opens = async (
  { front }: Gateway,
  login: Login,
  how: 'user' | 'external' = 'user',
  context = front.pop3.context,
): Promise<boolean> => {
  try {
    const client = await Pop3Client.open({ ...front.pop3, context }, how === 'user' ? login : undefined);
    if (how === 'external') await client.command('AUTH EXTERNAL =');
    // Who is thrown out between the login and QUIT was let in.
    await client.quit().catch((error: unknown) => {
      if (!(error instanceof WireEnded)) throw error;
    });
    return true;
  } catch (error) {
    if (error instanceof UnexpectedReply) return false;
    throw error;
  }
};

/** Milliseconds from now until it holds. */
async function timeUntil(what: string, holds: () => Promise<boolean>): Promise<number> {
  const from = performance.now();
  await until(what, holds, 10_000, 5);
  return performance.now() - from;
}

const worstOf = (times: readonly number[]): string =>
  `worst ${Math.max(...times).toFixed(0)} ms, median ${(times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0).toFixed(0)} ms of ${times.length}`;

test('a client at the other site: sessions resume, the password is known, and changes hold there within a second', async (t) => {
  const { gateways } = await startTwoSites(t, ['anna', 'bert', 'carla']);
  const { noord, zuid } = gateways;
  const folder = mkdtempSync(join(tmpdir(), 'sluis-other-site-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));

  await t.test('a TLS session of one site resumes at the other, with TLS 1.2 and 1.3', async () => {
    const session = join(folder, 'session.pem');
    for (const version of ['-tls1_3', '-tls1_2']) {
      const at = (gateway: Gateway, how: '-sess_out' | '-sess_in'): Promise<boolean> =>
        resumes(gateway.instance.ports.submissions, [version, '-servername', 'localhost', '-ign_eof', how, session]);
      // The one that started last may have drawn a key of its own a moment ago.
      await until(`${version} resumes at the other site`, async () => {
        await at(noord, '-sess_out');
        return await at(zuid, '-sess_in');
      });
      assert.equal(await at(noord, '-sess_out'), false);
      assert.equal(await at(zuid, '-sess_in'), true);
    }
  });

  await t.test('a password that one site remembers is taken at the other at once', async () => {
    assert.equal(await opens(noord, loginOf('anna')), true);
    const from = performance.now();
    assert.equal(await opens(zuid, loginOf('anna')), true);
    t.diagnostic(`first login at the other site: ${(performance.now() - from).toFixed(0)} ms`);
  });

  const operator = await operatorAt(t, noord);

  await t.test('a suspended account is refused there, and let in again when it is resumed', async () => {
    const times: number[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      assert.equal(await opens(zuid, loginOf('anna')), true);
      await operator.call('account.suspend', { login: ['anna'] });
      times.push(await timeUntil('anna is refused', async () => !(await opens(zuid, loginOf('anna')))));
      await operator.call('account.resume', { login: ['anna'] });
      times.push(await timeUntil('anna is let in', () => opens(zuid, loginOf('anna'))));
    }
    t.diagnostic(`suspended and resumed: ${worstOf(times)}`);
    assert.ok(Math.max(...times) < BOUND, worstOf(times));
  });

  await t.test('another password is taken there, and one that was taken away is not', async () => {
    const times: number[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      const [name, password] = [`desk-${turn}`, `Secret-of-desk-${turn}-and-bert`];
      await operator.call('account.password.add', { login: 'bert', name, password });
      times.push(await timeUntil('it is taken', () => opens(zuid, { login: 'bert', password })));
      await operator.call('account.password.remove', { login: 'bert', name });
      times.push(await timeUntil('it is refused', async () => !(await opens(zuid, { login: 'bert', password }))));
    }
    assert.equal(await opens(zuid, loginOf('bert')), true);
    t.diagnostic(`changed passwords: ${worstOf(times)}`);
    assert.ok(Math.max(...times) < BOUND, worstOf(times));
  });

  await t.test('a revoked certificate is refused there', async () => {
    noord.instance.sluis('ca', 'init', '--name', 'Test');
    const times: number[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      const [file, password] = [join(folder, `${turn}.p12`), join(folder, `${turn}.txt`)];
      const words = ['--use', 'login', '--key-kind', 'p256', '--out', file, '--password-out', password];
      const made = JSON.parse(noord.instance.sluis('cert', 'issue', '--account', 'carla', ...words, '--json')) as {
        serial: string;
      };
      const pem = execFileSync('openssl', ['pkcs12', '-in', file, '-passin', `file:${password}`, '-nodes'], {
        encoding: 'utf8',
      });
      const context = createSecureContext({ ca: readFileSync(zuid.instance.ca), cert: pem, key: pem });
      await until('it is taken at the other site', () => opens(zuid, loginOf('carla'), 'external', context));
      await operator.call('cert.revoke', { serial: made.serial });
      times.push(
        await timeUntil('it is refused', async () => !(await opens(zuid, loginOf('carla'), 'external', context))),
      );
    }
    t.diagnostic(`revoked certificates: ${worstOf(times)}`);
    assert.ok(Math.max(...times) < BOUND, worstOf(times));
  });

  await t.test('a message that was begun at the other site is not taken once its sender is suspended', async () => {
    const anna = addressOf('anna');
    for (let turn = 0; turn < TURNS; turn += 1) {
      const client = await SmtpClient.open(zuid.front.smtp, loginOf('anna'));
      await client.begin(anna, [anna], false);
      client.wire.send(`From: <${anna}>\r\nTo: <${anna}>\r\nSubject: a\r\n\r\nb\r\n`);
      await operator.call('account.suspend', { login: ['anna'] });
      client.wire.send('.\r\n');
      assert.match(await client.reply(), /^[45]/, 'in the same moment');
      client.wire.destroy();
      await operator.call('account.resume', { login: ['anna'] });
      await until('anna is let in', () => opens(zuid, loginOf('anna')));
    }
  });
});
