/**
 * Two whole gateways on one store, as guessers, owners and mail programs meet them: who is slowed
 * down at one is slowed down at the other, and a gateway that cannot see whether the registry has
 * changed lets nobody in and takes nothing.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test, { after } from 'node:test';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { SUPERUSER, openAt } from '../support/postgres-server.ts';
import { Browser } from '../support/console.ts';
import { HOSTNAME, addressOf, freePort, loginOf } from '../support/instance.ts';
import { fetchAll, send } from '../support/mail.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { withoutProgram } from '../support/require.ts';
import { codesIn, done, logIn, selfServiceListener } from '../support/self-service.ts';
import { SmtpClient, UnexpectedReply, plain } from '../support/smtp-client.ts';
import { type Gateway, type Site, type TwoSites, startTwoSites } from '../support/two-sites.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});
/** Of the pages of accounts. */
const pages = { noord: await freePort(), zuid: await freePort() };
let started: Promise<TwoSites> | undefined;
const sites = (): Promise<TwoSites> =>
  (started ??= startTwoSites({ after: (close) => void closers.push(close) }, ['anna', 'bert', 'carla', 'dora'], {
    // Those of other tests are let off.
    configuration: (site) => `[auth]\nexempt-networks = []\n${selfServiceListener(pages[site])}`,
  }));

/** What swaks hears to AUTH from that address: the code of the reply. */
async function swaks({ front }: Gateway, from: string, login: string, password: string): Promise<string> {
  const { stdout } = await run('swaks', [
    ...[
      '--server',
      `127.0.0.1:${front.smtp.port}`,
      '--local-interface',
      from,
      '--tls-on-connect',
      '--quit-after',
      'AUTH',
    ],
    ...['--auth', 'PLAIN', '--auth-user', login, '--auth-password', password],
  ]).catch((error: unknown) => error as { readonly stdout: string });
  return /^<[~*]{1,2}\*? +(\d{3}) \d\.\d\.\d .*$/m.exec(stdout.slice(stdout.indexOf('AUTH PLAIN ')))?.[1] ?? stdout;
}

test(
  'whoever guesses at one gateway waits at the other; the owner gets in at both',
  { skip: withoutProgram('swaks', 'swaks') },
  async () => {
    const { noord, zuid } = (await sites()).gateways;
    const { login, password } = loginOf('anna');
    const [owner, guesser] = ['127.0.9.1', '127.0.7.1'];
    assert.equal(await swaks(noord, owner, login, password), '235');
    assert.equal(
      await swaks(zuid, guesser, 'bert', loginOf('bert').password),
      '235',
      'a control: its network is served there',
    );
    /** Until it is slowed down, so many times at most. */
    const guessed = async (gateway: Gateway, times: number): Promise<readonly string[]> => {
      const heard: string[] = [];
      for (let n = 0; n < times && heard.at(-1) !== '454'; n += 1)
        heard.push(await swaks(gateway, guesser, login, `guess ${n} at ${gateway.site}`));
      return heard;
    };
    const here = await guessed(noord, 12);
    assert.equal(here[0], '535');
    assert(here.includes('454'), here.join(' '));
    // By itself it would judge five; told within a tenth of a second, it goes on where the other
    // was.
    const there = await guessed(zuid, 4);
    assert(there.includes('454'), there.join(' '));
    assert.equal(await swaks(zuid, owner, login, password), '235');
    assert.equal(await swaks(noord, owner, login, password), '235');
  },
);

test('an account that logs in at one gateway helps itself at both: app password, absence, what became of a message', async () => {
  const { noord, zuid } = (await sites()).gateways;
  noord.instance.sluis('organisation', 'change', 'ledger', '--contact', addressOf('bert'));
  const at = ({ site, instance }: Gateway): Browser =>
    new Browser(
      { port: pages[site], ca: readFileSync(instance.ca, 'utf8'), servername: HOSTNAME },
      `https://${HOSTNAME}:${pages[site]}`,
      'en',
    );
  const [here, there] = [at(noord), at(zuid)];
  const dora = addressOf('dora');
  const code = async (): Promise<string> => codesIn(await fetchAll(zuid.front.pop3, loginOf('bert'))).at(-1) ?? '';
  assert.match((await there.get('/')).to ?? '', /^\/login/);
  await logIn(here, loginOf('dora'), code);
  // As a browser has it behind one name for both.
  for (const [name, value] of here.cookies) there.cookies.set(name, value);
  const made = await done(there, '/passwords/new', { inname: 'reception', inscope: 'both', inends: '365d' });
  const [, password = ''] = /<output>(sluisapp_[^<]+)<\/output>/.exec(made.body) ?? [];
  const program = { login: 'dora', password };
  // What changed at one gateway holds at the other within a second.
  const opens = async (): Promise<boolean> =>
    await SmtpClient.open(noord.front.smtp, program).then(
      async (client) => (await client.quit(), true),
      () => false,
    );
  await until('the new password is known at the other', opens, 3000, 200);
  const id = await send(noord.front.smtp, program, {
    ...{ from: dora, to: [addressOf('bert')] },
    content: `From: <${dora}>\r\nSubject: x\r\n\r\nb\r\n`,
  });
  assert.match((await there.get(`/messages/${id}`)).body, /It is in the mailbox/);
  await fetchAll(zuid.front.pop3, loginOf('bert'));
  assert.match((await here.get(`/messages/${id}`)).body, /has collected it/);
  const noted = await done(here, `/absence/new?address=${dora}`, { inuntil: '14d', inrefuse: 'yes' });
  assert.equal(noted.to, '/absence?done=noted');
  assert.match((await there.get('/absence')).body, /absence\/end/);
  assert.equal((await done(there, `/absence/end?address=${dora}`)).to, '/absence?done=back');
  await done(there, '/passwords/end?name=reception');
  await until('the ended password is not', async () => !(await opens()), 3000, 200);
  const out = await here.get('/');
  await here.post('/logout', out.form('/logout'));
  assert.match((await there.get('/')).to ?? '', /^\/login/, 'logged out at both');
});

test('what an account sends in an hour counts over both gateways', async () => {
  const { noord, zuid } = (await sites()).gateways;
  const limit = 20;
  noord.instance.sluis('account', 'set', 'carla', `messages-per-hour=${limit}`, '--reason', 'test');
  const carla = addressOf('carla');
  const taken = { noord: 0, zuid: 0 };
  /** One after the other until one is refused: with which reply. */
  const fill = async ({ front }: Gateway, site: Site): Promise<string> => {
    const client = await SmtpClient.open(front.smtp, loginOf('carla'));
    try {
      for (;;) {
        await client.submit(carla, [carla], Buffer.from(`From: <${carla}>\r\nSubject: x\r\n\r\nb\r\n`));
        taken[site] += 1;
        assert(taken[site] <= limit, `${limit + 1} were taken at ${site}`);
      }
    } catch (error) {
      if (!(error instanceof UnexpectedReply)) throw error;
      return error.reply;
    } finally {
      client.wire.destroy();
    }
  };
  assert.match(await fill(noord, 'noord'), /^450 4\.7\.1 /);
  // Told within a tenth of a second; until then it takes what it would take by itself.
  await until('the other has heard', async () => {
    const before = taken.zuid;
    return (await fill(zuid, 'zuid')).startsWith('450 4.7.1 ') && taken.zuid === before;
  });
  assert.equal(taken.noord, limit);
  assert(taken.zuid < limit, `${taken.zuid} more at the other`);
});

test('a gateway that has not seen the registry for a second answers temporary failure on all roads, and serves again when it sees it', async () => {
  const { cluster, gateways } = await sites();
  const { front } = gateways.zuid;
  // Nobody guesses at him.
  const bert = loginOf('bert');
  const smtp = await SmtpClient.open(front.smtp, bert);
  const begun = await SmtpClient.open(front.smtp, bert);
  await begun.command(`MAIL FROM:<${addressOf('bert')}>`, '250');
  const stranger = await SmtpClient.open(front.smtp);
  const api = async (): Promise<number> => {
    const said = await run('curl', [
      ...['-sk', '-o', '/dev/null', '-w', '%{http_code}', '-u', `${bert.login}:${bert.password}`],
      `https://127.0.0.1:${front.api.port}/v1/mailbox/messages`,
    ]);
    return Number(said.stdout);
  };
  assert.equal(await api(), 200);
  const mail = async (): Promise<string> => {
    smtp.wire.send(`MAIL FROM:<${addressOf('bert')}>\r\n`);
    const reply = await smtp.reply();
    if (reply.startsWith('250')) await smtp.command('RSET', '250');
    return reply;
  };
  const client = await openAt(cluster.server(cluster.primary).port, { database: 'sluis', user: SUPERUSER });
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE registry_version IN ACCESS EXCLUSIVE MODE');
    await until('MAIL is not taken', async () => (await mail()).startsWith('451 4.3.0'), 5000, 50);
    await begun.command(`RCPT TO:<${addressOf('anna')}>`, '451 4.3.0');
    const said = await stranger.command(`AUTH PLAIN ${plain(bert)}`, '454 4.7.0');
    assert.match(said, /cannot look up logins at present/);
    await assert.rejects(Pop3Client.open(front.pop3, bert), /-ERR \[SYS\/TEMP\] the gateway cannot look up logins/);
    assert.equal(await api(), 503);
    await client.query('ROLLBACK');
  } finally {
    await client.end();
  }
  const open = async (): Promise<boolean> => await api().then((status) => status === 200);
  await until('it serves again', open, 5000, 50);
  // Connections on which a question hung are made again, one after another: the next question may
  // still meet one.
  await until('MAIL is taken', async () => (await mail()).startsWith('250'), 5000, 50);
  const rcpt = async (): Promise<boolean> => {
    begun.wire.send(`RCPT TO:<${addressOf('anna')}>\r\n`);
    return (await begun.reply()).startsWith('250');
  };
  await until('RCPT is taken', rcpt, 5000, 50);
  await (await Pop3Client.open(front.pop3, bert)).command('QUIT');
});
