// Has testssl.sh judge a whole gateway of both key types: A+ on the ports with implicit TLS, and no finding "NOT ok" on those with STARTTLS
// and STLS, which testssl.sh never grades above T ("prone to MITM downgrade").
//
//   npm run check:tls [-- --keep FOLDER]     FOLDER gets the full reports
//
// Ends with 1 on a worse result. Without testssl.sh it says so loudly and ends with 0, or with 1 where CI is set.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeDevelopmentCertificates } from '../src/crypto/certificates/development-ca.ts';
import { API_LISTENER } from '../test/support/api.ts';
import { startTestGateway } from '../test/support/gateway.ts';

const { values } = parseArgs({ options: { keep: { type: 'string' } } });
/** A scan of one port takes one to three minutes on two shared cores. */
const PATIENCE = 15 * 60_000;

const programNow = () =>
  ['testssl', 'testssl.sh'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined);

function install() {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).error !== undefined) return;
  console.log('installing: testssl.sh');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'testssl.sh'],
  ]) {
    const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8', timeout: 300_000 });
    if (status !== 0) return void console.log(stderr.split('\n').slice(-10).join('\n'));
  }
}

let program = programNow();
if (program === undefined) {
  install();
  program = programNow();
}
if (program === undefined) {
  console.error(
    '\n*** testssl.sh is not installed: the TLS grade is NOT CHECKED. Install the Debian package testssl.sh. ***\n',
  );
  process.exit(process.env.CI === undefined ? 0 : 1);
}

const folder = mkdtempSync(join(tmpdir(), 'sluis-check-tls-'));
// A certificate of any real authority says where its revocation list is; testssl.sh calls one without NOT ok.
const certificates = await makeDevelopmentCertificates(['mail.test', 'localhost', '127.0.0.1'], Date.now(), {
  crlUrl: 'http://localhost/ca.crl',
});
const ca = join(folder, 'ca.pem');
writeFileSync(ca, certificates.ca.certificate);
const gateway = await startTestGateway({
  certificates: [certificates.server, await certificates.rsa()],
  // A scan opens many connections at once.
  configuration: `[connections]\nper-network = 4000\n${API_LISTENER}`,
});

const isImplicit = (name) => name.endsWith('s') || name === 'api';

function scan(name) {
  const starttls = isImplicit(name) ? [] : ['-t', name.startsWith('pop3') ? 'pop3' : 'smtp'];
  const args = ['--color', '0', '--quiet', '--warnings', 'off', '--nodns', 'none', '--ip', '127.0.0.1', '--add-ca', ca];
  const child = spawn(program, [
    ...args,
    '--connect-timeout',
    '10',
    '--openssl-timeout',
    '10',
    ...starttls,
    `localhost:${gateway.port(name)}`,
  ]);
  const timer = setTimeout(() => child.kill(), PATIENCE);
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  return new Promise((done) => {
    child.once('close', () => {
      clearTimeout(timer);
      done(text);
    });
  });
}

const figure = (text, label) =>
  new RegExp(`${label}\\s+(?:\\(weighted\\)\\s+)?([^\\s(]+(?: \\(\\d+\\))?)`).exec(text)?.[1] ?? 'none';
let passed = true;
try {
  for (const pair of [['submissions', 'pop3s'], ['submission', 'pop3'], ['api']]) {
    const reports = await Promise.all(pair.map(async (name) => [name, await scan(name)]));
    for (const [name, text] of reports) {
      if (values.keep !== undefined) {
        mkdirSync(resolve(values.keep), { recursive: true });
        writeFileSync(join(resolve(values.keep), `${name}.txt`), text);
      }
      const grade = figure(text, 'Overall Grade');
      const bad = text.split('\n').filter((line) => /NOT ok/.test(line));
      const complete = /Rating \(experimental\)/.test(text) && grade !== 'none';
      // A scan that broke off has found nothing, which is not the same as nothing to find.
      const fine = complete && bad.length === 0 && (isImplicit(name) ? grade === 'A+' : true);
      passed &&= fine;
      console.log(
        `${fine ? 'ok    ' : 'FAILED'} ${name}: grade ${grade}, score ${figure(text, 'Final Score')}, NOT ok ${bad.length}`,
      );
      for (const line of bad) console.log(`       ${line.trim()}`);
      if (!fine)
        for (const line of text.split('\n').filter((l) => /Grade (cap|warning)/.test(l)))
          console.log(`       ${line.trim()}`);
      if (!complete) console.log(text.slice(-2000));
    }
  }
} finally {
  await gateway.remove();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(passed ? 0 : 1);
