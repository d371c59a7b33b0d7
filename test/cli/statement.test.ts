/**
 * `sluis statement` on a whole gateway: what is switched off, weakened or lapsed changes a
 * sentence, and openssl checks the signature.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { SitesLook } from '../../src/cluster/sites.ts';
import { type Milliseconds, days, instant, milliseconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { commandsOn, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { send } from '../support/mail.ts';
import { FakeSites } from '../support/sites.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-statement-'));
const at = (...names: string[]): string => join(folder, ...names);
let shift: Milliseconds = milliseconds(0);
const clock = { ...systemClock, now: () => instant(systemClock.now() + shift) };
clock.after = systemClock.after.bind(systemClock);
const sites = new FakeSites();
const standby = { name: 'zuid-1', site: 'zuid', role: 'standby' as const };
const both: SitesLook = {
  list: { any: 1, names: ['zuid-1'] },
  servers: [{ name: 'noord-1', site: 'noord', role: 'primary' }, standby],
  acknowledging: [],
  gateways: [],
};
let gateway: TestGateway;
const { done, run, refused, json } = commandsOn(() => gateway.config.file);

before(async () => {
  sites.known = both;
  const last = new Date(Date.now() + days(10)).toISOString().slice(0, 10);
  gateway = await startTestGateway({
    accounts: ['anna', 'bert'],
    sites,
    clock,
    configuration: `[backup]
folder = "backups"
[[listener]]
name = "old"
protocol = "pop3"
address = "127.0.0.1"
port = 0
tls = "starttls"
profile = "legacy"
profile-until = ${last}
networks = ["127.0.0.0/8"]`,
  });
  await send(gateway.target('submission'), loginOf('anna'), {
    ...{ from: addressOf('anna'), to: [addressOf('bert')] },
    content: Buffer.from(
      'From: <anna@group.test>\r\nTo: <bert@group.test>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@group.test>\r\nSubject: s\r\n\r\nhello\r\n',
    ),
  });
});
after(async () => {
  await gateway.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Claims {
  readonly sections: readonly {
    readonly claims: readonly {
      readonly id: string;
      readonly inPlace: boolean;
      readonly text: { readonly nl: string; readonly en: string };
      readonly at: string;
      readonly evidence: string;
    }[];
  }[];
}
let made = 0;
async function statement(
  ...more: string[]
): Promise<{ readonly out: string; readonly claims: Claims['sections'][number]['claims'] }> {
  made += 1;
  const out = at(`statement-${made}`);
  await done('statement', '--out', out, ...more);
  const { sections } = JSON.parse(readFileSync(join(out, 'statement.json'), 'utf8')) as Claims;
  return { out, claims: sections.flatMap(({ claims }) => claims) };
}
type Made = Awaited<ReturnType<typeof statement>>;
const claim = ({ claims }: Made, id: string) => claims.find((one) => one.id === id) ?? assert.fail(id);

test('openssl checks the signature, and refuses one changed octet', async () => {
  const { out, claims } = await statement('--language', 'en');
  const { pem } = await json<{ pem: string }>('evidence', 'certificate');
  writeFileSync(at('evidence.pem'), pem);
  const check = (file: string) =>
    spawnSync('openssl', ['cms', '-verify', '-in', file, '-CAfile', at('evidence.pem'), '-out', at('content.eml')], {
      encoding: 'utf8',
    });
  const signed = join(out, 'statement.eml');
  assert.match(check(signed).stderr, /CMS Verification successful/);
  const changed = readFileSync(signed);
  const place = changed.indexOf('Not in place');
  changed[place] = 0x4d;
  writeFileSync(at('changed.eml'), changed);
  assert.notEqual(check(at('changed.eml')).status, 0);
  // Each sentence names a file with its figures that is there, and a moment.
  for (const { evidence, at: when, id } of claims) {
    assert(existsSync(join(out, evidence)), `${id}: ${evidence}`);
    assert(!Number.isNaN(Date.parse(when)), id);
  }
  assert.match(readFileSync(join(out, 'statement.html'), 'utf8'), /<html lang="en">/);
  assert.match(await done('trace', '--verify', signed, '--certificate', at('evidence.pem')), /whole|signed/i);
});

test('a standby that is off, or one place alone, changes the sentence about the second place', async () => {
  assert.equal(claim(await statement(), 'places.second').inPlace, true);
  sites.known = {
    ...both,
    servers: [both.servers[0]!, { name: 'zuid-1', site: 'zuid', problem: 'no answer from 192.0.2.7' }],
  };
  const off = await statement();
  assert.equal(claim(off, 'places.second').inPlace, false);
  assert.match(
    readFileSync(join(off.out, 'statement.txt'), 'utf8'),
    /Niet ingericht: Een tweede locatie die elk bericht bevestigt/,
  );
  // Addresses inside are nobody's business.
  for (const name of readdirSync(off.out)) assert(!readFileSync(join(off.out, name)).includes('192.0.2.7'), name);
  sites.known = { ...both, list: { any: 1, names: [] } };
  assert.equal(claim(await statement(), 'places.second').inPlace, false);
  sites.known = both;
  await sites.alone(instant(clock.now() + days(1)));
  assert.equal(claim(await statement(), 'places.second').inPlace, false);
  await sites.alone(undefined);
});

test('a listener that is weaker is not in place, beside others that meet the guideline', async () => {
  const told = await statement();
  assert.equal(claim(told, 'transit.submission').inPlace, true);
  assert.match(claim(told, 'transit.old').text.en, /for old programs it also offers what is "phase out", until \d{4}-/);
  assert.equal(claim(told, 'transit.old').inPlace, false);
});

test('mail to partners: what their servers must show, and those to whom nothing goes', async () => {
  assert.match(claim(await statement(), 'partners.tls').text.en, /^No partner has a mail server/);
  const add = (name: string, ...more: string[]) =>
    done('partner', 'add', name, '--organisation', 'group', '--host', `mail.${name}.test`, ...more);
  await add('umc');
  await add('lab', '--pin', `key:${'ab'.repeat(32)}`);
  await add('bank', '--dane', 'required');
  const told = await statement();
  assert.match(claim(told, 'partners.tls').text.en, /^Partners with a mail server of their own: 3\./);
  assert.match(claim(told, 'partners.by').text.en, /DANE confirms \(0\), .* key \(1\), or .* authority \(1\)\.$/);
  // There is no resolver that could be asked for TLSA records, so nothing goes where one is needed.
  assert.match(claim(told, 'partners.dane').text.en, /for 3 that is not done/);
  assert.match(claim(told, 'partners.halted').text.en, /to 1 nothing goes now/);
  for (const name of readdirSync(told.out)) assert(!readFileSync(join(told.out, name)).includes('.umc.test'), name);
});

test('without a gateway that runs a listener has no host, and no address inside is told', async (t) => {
  const stopped = await startTestGateway();
  t.after(() => stopped.remove());
  await stopped.stop();
  const out = at('stopped');
  const ran = await sluisHere(['statement', '--language', 'en', '--out', out, '--config', stopped.config.file]);
  assert.equal(ran.code, 0, ran.stderr);
  const paper = readFileSync(join(out, 'statement.txt'), 'utf8');
  assert.match(paper, /Examined TLS at listener pop3 \(pop3\): no gateway runs now that knows its port\.$/m);
  assert.match(paper, /^pop3 +pop3 +not known yet +before login \(STARTTLS\)$/m);
  for (const name of readdirSync(out)) assert(!readFileSync(join(out, name)).includes('127.0.0.1'), name);
});

test('drills: never, good, lapsed', async () => {
  const restore = async () => claim(await statement(), 'drill.restore');
  assert.match((await restore()).text.en, /that was never done/);
  await done('backup', 'take');
  await done('drill', 'restore');
  assert.match(
    (await restore()).text.en,
    /^A backup was restored for a trial in \d+ seconds\. Messages opened: 1\. Report: drill-.*\.json\.$/,
  );
  const site = ['--from', 'noord', '--to', 'zuid', '--there', '2h', '--person', 'J. Smit', '--outage', '3'];
  const drill = ['drill', 'site', ...site, '--measured-by', 'watch', '--lost', '0'];
  await refused(5, /has failed: the service did not come back/, ...drill);
  assert.match(claim(await statement(), 'drill.site').text.en, /^A switch that went well: the last drill has failed/);
  shift = milliseconds(2000);
  await done(...drill, '--back', '1h');
  const good = await statement();
  assert.match(
    claim(good, 'drill.site').text.en,
    /^In a drill the service went from noord to zuid and back\. It was away for 3 seconds/,
  );
  // Who took part is not told to customers.
  for (const name of readdirSync(good.out)) assert(!readFileSync(join(good.out, name)).includes('J. Smit'), name);
  shift = days(101);
  const later = await statement();
  assert.match(
    claim(later, 'drill.restore').text.en,
    /^A drill with a backup that still counts: the last good one is too old/,
  );
  assert.equal(claim(later, 'drill.restore').inPlace, false);
  assert.equal(claim(later, 'drill.site').inPlace, true);
  shift = days(367);
  assert.match(
    claim(await statement(), 'drill.site').text.en,
    /^A switch that still counts: the last good drill is too old/,
  );
  shift = milliseconds(0);
});

test('doctor writes the TLS of each listener and host into a new file, with its date, and nothing else', async () => {
  await run('doctor', '--report', at('tls.txt'));
  const text = readFileSync(at('tls.txt'), 'utf8');
  assert.match(text, /^TLS of mail\.test, .*\nMeasured \d{4}-\d\d-\d\dT/);
  assert.match(text, /^old +mail\.test$/m);
  assert.match(text, /^Listener old, profile legacy until .*: phase out$/m);
  assert.match(text, /^Listener old offers what is to be phased out/m);
  assert.doesNotMatch(text, /escrow|backup|Warning/);
  await refused(2, /Cannot use --report with --records/, 'doctor', '--records', '--report', at('tls-2.txt'));
  assert(!existsSync(at('tls-2.txt')));
});

test('what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays', async () => {
  const none = await statement();
  assert.equal(claim(none, 'certificates.none').inPlace, false);
  writeFileSync(at('iso-27001.pdf'), Buffer.from([0x25, 0x50, 0x44, 0x46, 0, 0xff]));
  writeFileSync(at('processors.csv'), 'name,service,country\nRekencentrum Noord,stroom en netwerk,NL\n');
  const given = await statement(
    ...['--certificate', at('iso-27001.pdf'), '--organisation', 'group', '--processors', at('processors.csv')],
  );
  assert.deepEqual(readFileSync(join(given.out, 'certificates', 'iso-27001.pdf')), readFileSync(at('iso-27001.pdf')));
  const sha256 = execFileSync('openssl', ['dgst', '-sha256', '-r', at('iso-27001.pdf')], { encoding: 'utf8' }).slice(
    0,
    64,
  );
  assert(claim(given, 'certificates.1').text.en.includes(sha256));
  assert.match(claim(given, 'processor.sub.1').text.nl, /"Rekencentrum Noord, stroom en netwerk, NL"/);
  assert.equal(claim(given, 'processor.purpose').inPlace, false);
  await done('organisation', 'set', 'group', 'purpose=exchange between caregivers');
  const annex = await statement('--organisation', 'group');
  assert.equal(claim(annex, 'processor.purpose').inPlace, true);
  assert.equal(claim(annex, 'processor.sub').inPlace, false);

  const out = ['--out', at('refused')];
  writeFileSync(at('empty.pdf'), '');
  writeFileSync(at('bad.csv'), 'name,service,country\nA,,NL\n');
  await refused(2, /Cannot use ".*none\.pdf" as a certificate/, 'statement', ...out, '--certificate', at('none.pdf'));
  await refused(2, /it is empty; name the file/, 'statement', ...out, '--certificate', at('empty.pdf'));
  await refused(
    2,
    /another file of that name/,
    'statement',
    ...out,
    ...Array.from({ length: 2 }, () => ['--certificate', at('iso-27001.pdf')]).flat(),
  );
  await refused(
    2,
    /at most 20 files/,
    'statement',
    ...out,
    ...Array.from({ length: 21 }, (_, i) => ['--certificate', at(`${i}.pdf`)]).flat(),
  );
  await refused(
    2,
    /line 2, service: expected 1 to 200/,
    'statement',
    ...out,
    '--organisation',
    'group',
    '--processors',
    at('bad.csv'),
  );
  await refused(
    2,
    /Cannot use --processors without --organisation/,
    'statement',
    ...out,
    '--processors',
    at('bad.csv'),
  );
  await refused(3, /there is no such organisation/, 'statement', ...out, '--organisation', 'nobody');
  assert(!existsSync(at('refused')));
  await refused(4, /EEXIST/, 'statement', '--out', annex.out);
  assert(existsSync(join(annex.out, 'statement.eml')));
});
