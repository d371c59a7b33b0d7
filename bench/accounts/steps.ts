/** The steps that are measured, in the order in which an operator meets them. */
import { cpus } from 'node:os';
import { join } from 'node:path';
import { connectControl } from '../../src/admin/client.ts';
import { controlSocketOf, loadConfig } from '../../src/config/load.ts';
import { addressOf } from '../../test/support/instance.ts';
import { Pop3Client } from '../../test/support/pop3-client.ts';
import { SmtpClient } from '../../test/support/smtp-client.ts';
import { PASSWORD, logInOnce, poll } from '../load.ts';
import { Samples, round } from '../stats.ts';
import type { Bench, Row } from './bench.ts';
import { sluis } from './command.ts';
import { type Population, accountsFile, namesFile, settingsFile, withHash, withText } from './files.ts';
import { MailFlow } from './mail.ts';

const seconds = (since: number): number => round((performance.now() - since) / 1000);
const loginOf = (login: string) => ({ login, password: PASSWORD });

/**
 * Calls the control socket once for each organisation. A process for each of 2,000 would only
 * measure the start of Node.
 */
export async function addOrganisations(bench: Bench, { organisations }: Population): Promise<void> {
  const client = await connectControl(controlSocketOf(loadConfig(bench.instance.config)), { name: 'bench' });
  if (client === undefined) throw new Error('the control socket does not answer');
  await bench.measure(`${organisations.length} organisations over the control socket`, {}, async () => {
    for (const name of organisations)
      await client.call('organisation.add', { name, title: `Practice ${name}`, contact: `desk@${name}.test` });
    return {};
  });
  await client.close();
  await bench.command('organisation add, one command', ['organisation', 'add', 'one', '--title', 'One']);
}

/**
 * Imports all accounts: most with hashes, some with passwords. The mail that then runs all the time
 * uses the first ones.
 */
export async function moveIn(bench: Bench, people: Population, hash: string): Promise<void> {
  const [some, others] = [people.hashed.slice(0, 10), people.hashed.slice(10)];
  await bench.command('account import of 10', [
    ...['account', 'import', accountsFile(bench.instance, some, people, withHash(hash))],
  ]);
  bench.flow = new MailFlow(bench.instance, some);
  bench.flow.start();
  await bench.measure('5 s of mail and nothing else', {}, async () => {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    return {};
  });
  const file = accountsFile(bench.instance, others, people, withHash(hash));
  await bench.command(`account import --dry-run of ${others.length} with hashes`, [
    ...['account', 'import', file, '--observe', '30d', '--dry-run'],
  ]);
  await bench.command(
    `account import of ${others.length} with hashes`,
    ['account', 'import', file, '--observe', '30d'],
    { seconds: 60 },
    { note: ({ seconds: took }) => `${round(others.length / took)} accounts a second` },
  );
  const n = people.withPassword.length;
  await bench.command(
    `account import of ${n} with passwords`,
    ['account', 'import', accountsFile(bench.instance, people.withPassword, people, withText)],
    {},
    {
      note: ({ seconds: took }) =>
        `${round((took * 1000) / n)} ms a password with ${cpus().length} cores: ${round((20_000 * took) / n / 60)} min for 20,000`,
    },
  );
}

/** Gives a few accounts certificates, and sends mail to more of them. */
export async function furnish({ instance }: Bench, { hashed }: Population): Promise<void> {
  instance.sluis('ca', 'init', '--name', 'Bench');
  for (const name of hashed.slice(10, 15)) {
    const out = ['--out', join(instance.folder, `${name}.p12`), '--password-out', join(instance.folder, `${name}.pw`)];
    instance.sluis('cert', 'issue', '--account', name, '--for', 'login', '--key', 'p256', ...out);
  }
  const from = addressOf(hashed[16]!);
  const client = await SmtpClient.open(instance.target('submission'), loginOf(hashed[16]!));
  const to = hashed.slice(20, 120).map(addressOf);
  for (let n = 0; n < 5; n += 1)
    await client.submit(
      from,
      to,
      Buffer.from(`From: ${from}\r\nMessage-ID: <${n}@furnish>\r\n\r\n${'x'.repeat(70)}\r\n`),
    );
  await client.quit();
}

/**
 * Changes every account while mail is sent and fetched; then gives the same file again, which has
 * nothing left to change.
 */
export async function setAll(bench: Bench, names: readonly string[]): Promise<void> {
  const { instance } = bench;
  const set = (quota: string) => ['account', 'set', '--from', settingsFile(instance, names, quota)];
  await bench.command(
    `account set --from, ${names.length} accounts, on a terminal`,
    [...set('3GiB'), '--reason', 'bench'],
    { seconds: 60 },
    { terminal: true, note: ({ bars }) => `bar drawn ${bars} times` },
  );
  await bench.command(`account set --from --dry-run, ${names.length} accounts`, [...set('4GiB'), '--dry-run']);
  await bench.command(`account set --from, ${names.length} accounts`, set('4GiB'), { seconds: 60 });
  await bench.command('the same file again: nothing is left to change', set('4GiB'), { seconds: 60 });
}

export async function lists(bench: Bench): Promise<void> {
  for (const list of [['account'], ['address'], ['organisation'], ['audit']])
    await bench.command(
      `${list[0]} list`,
      [...list, 'list'],
      { firstRow: 1 },
      { note: ({ lines }) => `${lines} lines` },
    );
  await bench.command(
    'account list --json',
    ['account', 'list', '--json'],
    {},
    { note: ({ lines }) => `${lines} lines` },
  );
}

/** What an operator does to all, or to many, on other days. */
export async function otherDays(bench: Bench, { organisations, hashed }: Population): Promise<void> {
  await bench.command('account observed --enforce --early', ['account', 'observed', '--enforce', '--early'], {
    seconds: 60,
  });
  // Other accounts than those of the running mail.
  const [organisation, name] = [organisations[5] ?? '', hashed[50] ?? ''];
  const refused = async (): Promise<void> => {
    await Pop3Client.open(bench.instance.target('pop3'), loginOf(name)).then(
      () => Promise.reject(new Error(`${name} logs in, although its organisation is suspended`)),
      () => undefined,
    );
  };
  await bench.measure('organisation suspend, until a log-in is refused', {}, async () => {
    await sluis(bench.instance, ['organisation', 'suspend', organisation]);
    await refused();
    return {};
  });
  await bench.measure('organisation resume, until a log-in succeeds', {}, async () => {
    await sluis(bench.instance, ['organisation', 'resume', organisation]);
    await (await Pop3Client.open(bench.instance.target('pop3'), loginOf(name))).quit();
    return {};
  });
  await bench.command('check', ['check'], {}, { codes: [0, 1] });
  await bench.command('doctor', ['doctor'], {}, { codes: [0, 1, 2, 3] });
  await bench.command('privacy report', ['privacy', 'report']);
  await bench.command('backup', ['backup', join(bench.instance.folder, 'copies')]);
}

/** After a start nothing is remembered, so each login costs a hash. */
export async function coldStart(bench: Bench, names: readonly string[]): Promise<void> {
  await bench.stop();
  const began = performance.now();
  await bench.serve();
  const greeted = seconds(began);
  await (await Pop3Client.open(bench.instance.target('pop3'), loginOf(names[0]!))).quit();
  bench.add({
    ...{ step: 'start, until all listeners greet', seconds: greeted, cpu: bench.cpu, aim: '< 5 s', met: greeted < 5 },
    note: `first log-in after ${seconds(began)} s, ${bench.resident} MB resident`,
  });
  await bench.measure('100 log-ins over POP3, nothing remembered', {}, async () => {
    const { latency } = await logInOnce(bench.instance, names.slice(0, 100), 4);
    return { note: told(latency) };
  });
  await bench.measure('100 log-ins over SMTP, nothing remembered', {}, async () => {
    const latency = new Samples();
    const left = names.slice(100, 200);
    await side(4, async () => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) {
        const start = performance.now();
        const client = await SmtpClient.open(bench.instance.target('submission'), loginOf(name));
        latency.add(performance.now() - start);
        await client.quit();
      }
    });
    return { note: told(latency) };
  });
  await bench.measure('500 log-ins at once, nothing remembered', {}, async () => {
    const { done, milliseconds, latency } = await logInOnce(bench.instance, names.slice(200, 700), 32);
    return { note: `${round((done * 1000) / milliseconds)} a second; ${told(latency)}` };
  });
}

/**
 * The worst day of a whole region: nobody can log in any longer. It comes last, since nothing works
 * after it.
 */
export async function containAll(bench: Bench, names: readonly string[]): Promise<void> {
  const file = namesFile(bench.instance, names);
  await bench.command(`account contain --from --dry-run, ${names.length} accounts`, [
    ...['account', 'contain', '--from', file, '--dry-run'],
  ]);
  await bench.command(`account contain --from, ${names.length} accounts`, ['account', 'contain', '--from', file], {
    seconds: 60,
  });
}

/** Measures whether remembered logins survive a change of every account. */
export async function polls(bench: Bench, step: string, names: readonly string[]): Promise<void> {
  await bench.measure(step, {}, async (): Promise<Partial<Row>> => {
    const { done, milliseconds, latency } = await poll(bench.instance, {
      ...{ names, concurrency: 4, uidl: false, milliseconds: 4000, expect: 0 },
    });
    return { note: `${round((done * 1000) / milliseconds)} sessions a second; ${told(latency)}` };
  });
}

const told = (latency: Samples): string => {
  const { p50, p99, max } = latency.summary();
  return `p50 ${p50}, p99 ${p99}, at most ${max} ms`;
};

const side = async (n: number, work: () => Promise<void>): Promise<unknown> =>
  await Promise.all(Array.from({ length: n }, work));
