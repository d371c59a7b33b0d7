/**
 * `sluis organisation merge` while nobody serves: certificates and partners of the one that ends,
 * and two people who sign for it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CertificateView } from '../../src/admin/cert-views.ts';
import type { MergeView } from '../../src/commands/organisation/merge-view.ts';
import type { PartnerView } from '../../src/commands/partner/view.ts';
import { makeOperatorKey } from '../../src/crypto/trail/operator-key.ts';
import { commandsOn } from '../support/command-line.ts';

const anna = 'anna@a.test';
const merge = ['organisation', 'merge', 'a', '--into', 'b'];

interface World extends ReturnType<typeof commandsOn> {
  readonly at: (name: string) => string;
}

async function worldOf(t: TestContext): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-merge-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'sluis.toml');
  const commands = commandsOn(() => config, 'yes\n');
  const made = await commands.run('init', '--hostname', 'mail.group.test', '--dev-certificates');
  assert.equal(made.code, 0, made.stderr);
  await commands.done('organisation', 'add', 'a', '--title', 'Praktijk A');
  await commands.done('organisation', 'add', 'b', '--title', 'Praktijk B');
  await commands.done('account', 'add', anna, '--organisation', 'a', '--address', anna, '--no-password');
  return { ...commands, at: (name) => join(folder, name) };
}

test('certificates that name the practice are listed, and revoked when asked for; its partner goes over', async (t) => {
  const { done, json, at } = await worldOf(t);
  await done('ca', 'init', '--name', 'Zorggroep', '--key', 'p256');
  for (const use of ['login', 'mail'])
    await done(
      ...['cert', 'issue', '--account', anna, '--for', use, '--key', 'p256'],
      ...['--out', at(`${use}.p12`), '--password-out', at(`${use}.txt`)],
    );
  await done('partner', 'add', 'server-a', '--organisation', 'a', '--host', 'mx.a.test');
  await done('partner', 'domain', 'add', 'server-a', 'push.a.test');
  const text = await done(...merge, '--dry-run');
  assert.match(text, /- 2 certificates name a and hold until they end or are renewed; --revoke ends them at once\n/);
  assert.match(text, /\n {4}anna@a\.test, for login, [0-9a-f]+, until 20/);
  assert.match(
    text,
    /- partner server-a is of b, with its server, secrets and queue; its domains lead to it without an end: push\.a\.test\n/,
  );
  const valid = async (): Promise<number> =>
    (await json<CertificateView[]>('cert', 'list', '--account', anna)).filter(({ revoked }) => revoked === undefined)
      .length;
  assert.equal(await valid(), 2);
  const merged = await json<MergeView>(...merge, '--revoke', '--reason', 'practices join');
  assert.deepEqual([merged.applied, merged.accounts, merged.certificates.length, merged.revoke], [true, 2, 2, true]);
  assert.equal(await valid(), 0);
  const trail = await done('audit', 'list', '--event', 'certificate.revoked', '--json');
  assert.equal(trail.split('affiliationChanged').length - 1, 2);
  assert.equal((await json<PartnerView>('partner', 'show', 'server-a')).organisation, 'b');
});

test('where address moves need a second person, a merge does: for exactly this file', async (t) => {
  const { done, run, at } = await worldOf(t);
  writeFileSync(at('passphrase'), 'four words make one\n');
  for (const name of ['jan', 'piet']) {
    const { sealed, publicKey } = makeOperatorKey('four words make one');
    writeFileSync(at(`${name}.pem`), sealed, { mode: 0o600 });
    writeFileSync(at(`${name}.pub`), publicKey);
    await done('operator', 'add', name, '--public-key', at(`${name}.pub`));
  }
  const config = at('sluis.toml');
  writeFileSync(
    config,
    `${readFileSync(config, 'utf8').replace(/^\[operators\]$/m, '#[operators]')}\n[operators]\nsecond-person = ["address-move"]\n`,
  );
  const file = at('successors.csv');
  writeFileSync(file, `old,new\n${anna},anna@b.test\n`);
  const whole = [...merge, '--until', '2099-01-01', '--successors', file, '--reason', 'practices join'];
  assert.match(await done(...whole, '--dry-run'), /anna@a\.test -> anna@b\.test \(new\)/, 'nobody signs for a look');
  const asked = await run(...whole);
  assert.equal(asked.code, 8, asked.stderr);
  const id = /--approval ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(asked.stderr)?.[1] ?? '';
  for (const name of ['jan', 'piet'])
    await done('approve', id, '--key', at(`${name}.pem`), '--passphrase-file', at('passphrase'));
  writeFileSync(file, `old,new\n${anna},other@b.test\n`);
  const other = await run(...whole, '--approval', id);
  assert.match(other.stderr, /the input is another one than was approved/);
  writeFileSync(file, `old,new\n${anna},anna@b.test\n`);
  assert.match(await done(...whole, '--approval', id), /^Organisation a has become part of b:/);
  assert.match(
    await done('audit', 'list', '--event', 'registry.account-organisation', '--json'),
    /jan, approved by piet/,
  );
});
