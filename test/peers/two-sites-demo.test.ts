/**
 * `npm start -- --two-sites`, as printed: what it says is typed, by the shell; and with the mail
 * programs of others at its one address.
 */
// @release: the demonstration of two sites as printed: three servers and two gateways, started and stopped.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';
import { attempt } from './run.ts';
import { secretFile } from './senders.ts';
import { type Shell, root, shellIn, succeedsIn } from './shell.ts';

const skip = withoutProgram('swaks', 'swaks') || withoutProgram('mpop', 'mpop') || withoutProgram('curl', 'curl');
const END = 'Ctrl-C ends all of it; nothing is kept.';
const PATIENCE = 60_000;

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-demo-test-'));
  for (const name of ['node_modules', 'scripts', 'src', 'test', 'docs', 'tsconfig.json'])
    symlinkSync(join(root, name), join(folder, name));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Printed {
  /** The first line that begins so. */
  line(begin: string): string;
  readonly submission: number;
  readonly pop3: number;
  readonly ca: string;
  readonly demo: string;
  readonly passwordOf: (login: string) => string;
}

function printed(output: string): Printed {
  const line = (begin: string): string => {
    const found = output.split('\n').find((one) => one.startsWith(`  ${begin}`));
    assert(found !== undefined, `it prints a line that begins with "${begin}"`);
    return found.trim();
  };
  const portOf = (protocol: string): number =>
    Number(new RegExp(`${protocol}  localhost  port (\\d+)`).exec(output)?.[1] ?? 0);
  const ca = /trust (\S+ca\.pem)/.exec(output)?.[1] ?? '';
  return {
    line,
    submission: portOf('SMTP'),
    pop3: portOf('POP3'),
    ca,
    demo: /promote\.mjs zuid-1 (\S+)/.exec(output)?.[1] ?? '',
    passwordOf: (login) => new RegExp(`^  ${login} +(\\S+)$`, 'm').exec(output)?.[1] ?? '',
  };
}

const FROM = 'uitslagen@lab.test';
const TO = 'assistente@praktijk.test';

/** As a person's program does: again until it was taken. How long that took, in milliseconds. */
async function swaks({ submission, ca, passwordOf }: Printed, subject: string): Promise<number> {
  const config = secretFile(folder, 'swaksrc', [`auth-password ${passwordOf(FROM)}`]);
  const words = [
    ...['--config', config, '--silent', '2', '--server', 'localhost', '--port', String(submission)],
    ...['--tls', '--tls-verify', '--tls-ca-path', ca, '--auth', 'PLAIN', '--auth-user', FROM],
    ...['--from', FROM, '--to', TO, '--header', `Subject: ${subject}`, '--body', 'Goedemorgen.'],
  ];
  const begun = performance.now();
  const taken = async (): Promise<boolean> => (await attempt('swaks', words, { home: folder })).status === 0;
  await until(`"${subject}" is taken`, taken, PATIENCE);
  return performance.now() - begun;
}

/** How many came in this run; the mail stays on the server. */
async function mpop({ pop3, ca, passwordOf }: Printed): Promise<number> {
  const box = join(folder, 'box');
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(box, part), { recursive: true });
  const rc = secretFile(folder, 'mpoprc', [
    `account demo\nhost localhost\nport ${pop3}\nauth user\nuser ${TO}\npassword ${passwordOf(TO)}`,
    `tls on\ntls_starttls on\ntls_trust_file ${ca}`,
    `delivery maildir ${box}\nkeep on\nuidls_file ${join(folder, 'uidls')}\naccount default : demo`,
  ]);
  const known = readdirSync(join(box, 'new')).length;
  // Again where the store is away for a moment, as a person's program does.
  const done = async (): Promise<boolean> =>
    (await attempt('mpop', ['-C', rc, '--quiet'], { home: folder })).status === 0;
  await until('mpop has fetched what there is', done, PATIENCE);
  return readdirSync(join(box, 'new')).length - known;
}

const start = (words: string): Shell => shellIn(folder, `npm start -- --two-sites --free-ports ${words}`);

test('the plug of a site is pulled as printed, and mail goes on at the same address', { skip }, async (t) => {
  const shell = start('');
  try {
    await shell.until(END);
    const it = printed(shell.output());
    await succeedsIn(folder, it.line('printf '));
    assert.match(await succeedsIn(folder, it.line('curl ')), /Subject: Proef\r\n\r\nGoedemorgen\.\r\n$/);
    await swaks(it, 'before');
    assert.equal(await mpop(it), 2);
    await succeedsIn(folder, it.line('kill -9 '));
    assert.match(await succeedsIn(folder, it.line('node ')), /"zuid-1" may be promoted[\s\S]*zuid-1 is the primary/);
    t.diagnostic(`taken ${((await swaks(it, 'after')) / 1000).toFixed(1)} s after the promotion`);
    // Nothing of before is lost, and nothing is fetched twice.
    assert.equal(await mpop(it), 1);
    assert.match(await succeedsIn(folder, it.line('npx sluis status ')), /^Ready: +yes$/m);
  } finally {
    await shell.interrupt();
  }
  const { demo } = printed(shell.output());
  assert.match(shell.output(), /noord-1 has ended[\s\S]*Stopping; nothing is kept/);
  assert.throws(() => readdirSync(demo), /ENOENT/);
});
