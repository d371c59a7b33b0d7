/** `sluis check` refuses what mail programs would refuse, and says what to do. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exitCodes } from '../../src/cli/exit.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/development-ca.ts';
import { days, instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { sluisHere as sluis } from '../support/command-line.ts';

const HOST = 'mail.example.test';
let folder = '';
let config = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-check-'));
  config = join(folder, 'sluis.toml');
  const made = await sluis(['init', '--config', config, '--hostname', HOST, '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, 'certs-dev', name);

/** Puts other files in place of what `init` made, runs `check`, and puts the old ones back. */
async function checkWith(files: Readonly<Record<string, string>>): Promise<string> {
  const kept = Object.keys(files).map((name) => [name, readFileSync(name, 'utf8')] as const);
  for (const [name, text] of Object.entries(files)) writeFileSync(name, text);
  const { code, stdout, stderr } = await sluis(['check', '--config', config]);
  for (const [name, text] of kept) writeFileSync(name, text);
  assert.equal(code, exitCodes.configuration, stdout);
  assert.doesNotMatch(stdout, /can be used/);
  return stderr;
}

test('an expired certificate is refused', async () => {
  const { server } = await makeDevelopmentCertificates([HOST], instant(systemClock.now() - days(900)));
  assert.match(
    await checkWith({ [file('server.pem')]: server.certificate, [file('server-key.pem')]: server.key }),
    /^Cannot use the TLS certificate: it \(CN=mail\.example\.test\) expired on \d{4}-\d\d-\d\d, a valid one is required; replace the file/,
  );
});

test('a certificate that does not belong to the key is refused', async () => {
  const { server } = await makeDevelopmentCertificates([HOST], systemClock.now());
  assert.match(
    await checkWith({ [file('server.pem')]: server.certificate }),
    /does not belong to the key; give the key/,
  );
});

test("a certificate of another name is refused, in the section tls and for a listener's own host name", async () => {
  const { server } = await makeDevelopmentCertificates(['other.test', '192.0.2.1'], systemClock.now());
  assert.match(
    await checkWith({ [file('server.pem')]: server.certificate, [file('server-key.pem')]: server.key }),
    /^Cannot use the TLS certificate: it names other\.test, 192\.0\.2\.1, not mail\.example\.test, so mail programs refuse it; get one/,
  );
  const text = readFileSync(config, 'utf8');
  const named = text.replace('name = "pop3s"', 'name = "pop3s"\nhostname = "pop.example.test"');
  assert.notEqual(named, text);
  assert.match(
    await checkWith({ [config]: named }),
    /^Cannot use the TLS certificate of listener "pop3s": it names mail\.example\.test, .*, not pop\.example\.test/,
  );
});

test('with what init made, check takes it', async () => {
  const { code, stdout, stderr } = await sluis(['check', '--config', config]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /The configuration can be used\.\n$/);
});
