/**
 * The two clients of ACME that Debian has, certbot and lego, against Debian's test server for it
 * (pebble): each gets a certificate and renews it, and the hook as docs/run.md prints it puts both
 * into place beside a running gateway, whose open sessions go on.
 */
// @release: the clients themselves, with their own files and variables; gateway/renewal runs the hook at a merge.
// @beside
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { freePort } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { placeHook, runBeside, shownAt } from '../support/renewal.ts';
import { withoutProgram } from '../support/require.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const HOST = 'mail.test';
const skip =
  withoutProgram('pebble', 'pebble') || withoutProgram('certbot', 'certbot') || withoutProgram('lego', 'lego');

interface Scene {
  readonly gateway: TestGateway;
  readonly folder: string;
  /** Address of the directory of the authority, and the file by which it is trusted. */
  readonly server: string;
  readonly ca: string;
  /** Where the proof of the name is asked for; the authority takes it as given. */
  readonly proof: number;
}

async function open(t: TestContext): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-renewal-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'] });
  t.after(() => gateway.remove());
  const { ca, server } = await makeDevelopmentCertificates(['127.0.0.1', 'localhost'], systemClock.now());
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const [port, management, proof] = await Promise.all([freePort(), freePort(), freePort()]);
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: file('pebble.pem', server.certificate),
    privateKey: file('pebble-key.pem', server.key),
    ...{ httpPort: proof, tlsPort: proof, ocspResponderURL: '', externalAccountBindingRequired: false },
    certificateValidityPeriod: 90 * 24 * 3600,
  };
  const child = spawn('pebble', ['-config', file('pebble.json', JSON.stringify({ pebble }))], {
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_VA_ALWAYS_VALID: '1', PEBBLE_WFE_NONCEREJECT: '0' },
    stdio: 'ignore',
  });
  t.after(() => ended(child));
  await until('the authority answers', () =>
    shownAt(port, 'localhost').then(
      () => true,
      () => false,
    ),
  );
  return { gateway, folder, server: `https://127.0.0.1:${port}/dir`, ca: file('ca.pem', ca.certificate), proof };
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  const over = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await over;
};

/**
 * Runs it beside sessions that are in the middle of something, and says what is shown behind it.
 */
async function renewing(
  { gateway }: Scene,
  run: () => Promise<{ code: number | null; text: string }>,
): Promise<string> {
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  const ran = await run();
  assert.equal(ran.code, 0, ran.text);
  const letter = `From: ${addressOf('anna')}\r\nTo: ${addressOf('bram')}\r\nSubject: behind it\r\n\r\nTekst.\r\n`;
  assert.match(await smtp.submit(addressOf('anna'), [addressOf('bram')], Buffer.from(letter)), /^250 /);
  assert.match(await pop3.command('NOOP'), /^\+OK/);
  await Promise.all([smtp.quit(), pop3.quit()]);
  return await shownAt(gateway.port('submissions'), HOST);
}

/**
 * First, renewed, and that these are three certificates. What came in behind each change lies in
 * the mailbox.
 */
async function twice(scene: Scene, get: Renewing['get'], renew: Renewing['renew']): Promise<void> {
  const { gateway } = scene;
  const first = gateway.target('pop3s');
  const shown = [await shownAt(gateway.port('submissions'), HOST)];
  shown.push(await renewing(scene, get));
  // The clients of the test know the certificate of before alone.
  await assert.rejects(Pop3Client.open(first, loginOf('bram')));
  const ran = await renew();
  assert.equal(ran.code, 0, ran.text);
  shown.push(await shownAt(gateway.port('submissions'), HOST));
  assert.equal(new Set(shown).size, 3, shown.join(' '));
  assert.deepEqual(
    gateway.log.events.filter(({ event }) => event === 'tls.refused'),
    [],
  );
}

interface Renewing {
  readonly get: () => Promise<{ code: number | null; text: string }>;
  readonly renew: () => Promise<{ code: number | null; text: string }>;
}

test('certbot', { skip }, async (t) => {
  const scene = await open(t);
  const { gateway, folder, server, ca, proof } = scene;
  const config = join(folder, 'letsencrypt');
  const { hook, env } = placeHook(folder, {
    ...{ host: HOST, tls: gateway.folder, config: gateway.config.file },
    hooks: join(config, 'renewal-hooks', 'deploy'),
  });
  const places = ['--config-dir', config, '--work-dir', join(folder, 'work'), '--logs-dir', join(folder, 'logs')];
  const certbot = (...words: readonly string[]) =>
    runBeside('certbot', [...words, '--non-interactive', '--server', server, ...places], {
      ...env,
      REQUESTS_CA_BUNDLE: ca,
    });
  const standalone = ['--standalone', '--http-01-address', '127.0.0.1', '--http-01-port', String(proof), '-d', HOST];
  await twice(
    scene,
    () => certbot('certonly', '--agree-tos', '--register-unsafely-without-email', ...standalone, '--deploy-hook', hook),
    () => certbot('renew', '--force-renewal', '--no-random-sleep-on-renew'),
  );
});

test('lego', { skip }, async (t) => {
  const scene = await open(t);
  const { gateway, folder, server, ca, proof } = scene;
  const { hook, env } = placeHook(folder, { host: HOST, tls: gateway.folder, config: gateway.config.file });
  const path = join(folder, 'lego');
  mkdirSync(path);
  const lego = (...words: readonly string[]) =>
    runBeside(
      'lego',
      [
        ...['--server', server, '--accept-tos', '--path', path, '--email', 'beheer@example.nl', '--domains', HOST],
        ...['--http', '--http.port', `127.0.0.1:${proof}`, ...words],
      ],
      { ...env, LEGO_CA_CERTIFICATES: ca },
    );
  await twice(
    scene,
    () => lego('run', '--run-hook', hook),
    () => lego('renew', '--days', '1000', '--no-random-sleep', '--renew-hook', hook),
  );
});
