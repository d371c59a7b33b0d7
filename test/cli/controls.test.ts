/**
 * The command of each control that is the product's, on a whole gateway on which something has
 * happened: it ends as it should, and prints what the row says.
 */
import assert from 'node:assert/strict';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CONTROLS } from '../../src/commands/statement/annex-a.ts';
import type { SitesLook } from '../../src/cluster/sites.ts';
import { FakeClamd } from '../support/clamd.ts';
import { type Ran, commandsOn, sluisHere, start } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { FakeSites } from '../support/sites.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'sluis-controls-'));
const cleanups: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
const LOOK: SitesLook = {
  list: { any: 1, names: ['zuid-1'] },
  servers: [
    { name: 'noord-1', site: 'noord', role: 'primary', timeline: 1, position: 0x3000148n },
    { name: 'zuid-1', site: 'zuid', role: 'standby', timeline: 1, position: 0x3000148n },
  ],
  acknowledging: [],
  gateways: [],
};
let gateway: TestGateway;
let message = '';
const { done, run } = commandsOn(() => gateway.config.file);

before(async () => {
  const clamd = await FakeClamd.start({ after: (clean) => void cleanups.unshift(clean) });
  const sites = new FakeSites();
  sites.known = LOOK;
  gateway = await startTestGateway({
    accounts: ['anna', 'bert'],
    sites,
    configuration: `[backup]
folder = "backups"
[scan]
clamd = "${clamd.path}"
[operators]
second-person = ["restore", "erase"]`,
  });
  cleanups.unshift(() => gateway.remove());
  const mail =
    'From: <anna@group.test>\r\nTo: <bert@group.test>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@group.test>\r\nSubject: s\r\n\r\nhello\r\n';
  const sending = { from: addressOf('anna'), to: [addressOf('bert')], content: mail };
  message = await send(gateway.target('submission'), loginOf('anna'), sending);
  await fetchAll(gateway.target('pop3s'), loginOf('bert'), 'quit');
  const wrong = { ...loginOf('anna'), password: 'read on a note' };
  await assert.rejects(send(gateway.target('submission'), wrong, sending), /535/);
  await done('operator', 'add', 'jan.devries', '--role', 'support', '--reason', 'helpdesk');
  await done('partner', 'add', 'umc', '--organisation', 'group', '--host', 'mail.umc.test');
  await done('organisation', 'set', 'group', 'purpose=exchange between caregivers');
  await done('backup', 'take');
});
after(async () => {
  for (const clean of cleanups) await clean();
});

const ROLES = /^OPERATION +READ +SUPPORT +REGISTRY +SECURITY +OWNER$[^]*^mailbox\.export +- +- +- +- +yes$/m;
const GRADED = /^Listener submission, profile intermediate: sufficient$[^]*^Every listener is sufficient or better\.$/m;
/** What each must print: of its row of docs/security.md, column "what the gateway does". */
const SHOWS: Readonly<Record<string, RegExp>> = {
  '5.2': ROLES,
  '5.3': /^operators\.second-person +\["restore","erase"\]/m,
  '5.7': /^FAILED LOGINS +FROM +TRIES\nanna@group\.test +127\.0\.0\.1 +1$/m,
  '5.9': /^bert@group\.test +group +mail +active/m,
  '5.14': GRADED,
  '5.15': /^LOGIN +ORGANISATION +KIND +STATE[^]*^anna@group\.test +group +mail +active/m,
  '5.16': /^Account: +bert@group\.test\nOrganisation: group$/m,
  '5.17': /^PASSWORD +CREATED +ENDS +LAST USED[^]*^first /m,
  '5.18': ROLES,
  '5.25': /^Through account: bert@group\.test$[^]*^ACCOUNT +LOGINS +FAILED +NETWORKS +FETCHED/m,
  '5.26': /would be contained\.$[^]*Passwords removed: +first$[^]*^Nothing was changed\.$/m,
  '5.28': /message\.accepted[^]*message\.collected/,
  '5.29': /^- Een geoefende omschakeling naar de andere locatie: die was er nooit\.$/m,
  '5.30': /^The backup can be restored: 1 message was opened, in .*\nReport: .*\(signature beside it\)$/m,
  '5.31': /^ORGANISATION +NOBODY SAID\ngroup +legal-basis processor-agreement$/m,
  '5.33': /^\d+ rows, the chain holds\. Head: [0-9a-f]{64}$/m,
  '5.34': /^who and where: access +1827d/m,
  '5.35': /^Wrote \d+ rows to /m,
  '5.36': /^Warning: the master key was never put in escrow[^]*^The configuration can be used\.$/m,
  '8.1': /^NETWORK +FIRST +LAST +SESSIONS +FETCHED +DELETED\n127\.0\.0\.1 .* 1 +1 +0$/m,
  '8.2': /^NAME +ROLE [^]*^jan\.devries +support/m,
  '8.3': ROLES,
  '8.5': /^login +either +default$/m,
  '8.6': /^Free: +[\d.]+ [KMGT]iB$/m,
  '8.7': /^scan\.clamd +"\/.*clamd\.ctl"/m,
  '8.8': /^\d+\.\d+\.\d+/,
  '8.9': /^SETTING +VALUE +DEFAULT +HOLDS AFTER +WHAT$[^]*^smtp\.max-message /m,
  '8.10': /^deleted, expired and withdrawn messages +14d/m,
  '8.11': /^Wrote \d+ rows to /m,
  '8.12': /^umc +group +active +mail\.umc\.test/m,
  '8.13': /^\d{4}-\d\d-\d\dT\d{6}Z +[\d.]+ KiB +1 /m,
  '8.14': /^noord-1 +noord +primary[^]*^zuid-1 +zuid +standby/m,
  '8.15': /^ROW +TIME +EVENT +OUTCOME[^]*login\.granted +success +bert@group\.test/m,
  '8.16': /^SLUIS (?:OK|WARNING): .*certificate_days/,
  '8.17': /clock/,
  '8.18': /^COMMANDS +WHO +EVENT +WHAT +OUTCOME +WHY$[^]* operator\.added +- +success +helpdesk$/m,
  '8.20': /^LISTENER +PROTOCOL +TLS +PROFILE +ADDRESS +PORT\nsubmission +smtp +starttls/m,
  '8.21': GRADED,
  '8.22': /^listener\.submission\.networks +\[\]/m,
  '8.24': /^suite +good +TLS_AES_256_GCM_SHA384$/m,
  '8.31': /^ +dokter@praktijk\.test +\S+$[^]*^Send a message:/m,
  '8.32': /configuration\.loaded +success .*sha256=[0-9a-f]{64}/,
  '8.33': /^All of it is made up/m,
  '8.34': /audit\.read +success .*what=(?:report|list|verify|export)/,
};
/** Of the development: what of it shows the row. */
const RUNS: Readonly<Record<string, RegExp>> = {
  '8.25': /npm run --silent typecheck/,
  '8.26': /npm test/,
  '8.27': /lint/,
  '8.28': /lint/,
  '8.29': /faults/,
};

let made = 0;
const fresh = (kind: string): string => join(folder, `${kind}-${++made}`);
const filled = (shownBy: string): readonly string[] =>
  shownBy
    .split(' ')
    .slice(1)
    .map((word) => {
      if (word === 'LOGIN') return addressOf('bert');
      if (word === 'MESSAGE') return message;
      if (word === 'DATE') return 'yesterday';
      return word === 'FILE' || word === 'FOLDER' ? fresh(word.toLowerCase()) : word;
    });

async function dev(args: readonly string[]): Promise<Ran> {
  const running = start([...args, '--free-ports'], { cwd: folder });
  await running.until('the next start finds everything again.');
  const code = await running.end('SIGTERM');
  return { code, stdout: running.stdout(), stderr: '' };
}

async function shown(shownBy: string): Promise<Ran> {
  const args = filled(shownBy);
  if (args[0] === 'dev') return await dev(args);
  if (args[0] === '--version' || args[0] === 'sandbox') return await sluisHere(args);
  const ran = await run(...args);
  if (args[0] !== 'statement') return ran;
  return { ...ran, stdout: ran.stdout + readFileSync(join(args.at(-1)!, 'statement.txt'), 'utf8') };
}

/** That nothing is well yet is a warning (exit codes of Nagios). */
const CODES: Readonly<Record<string, readonly number[]>> = { '8.16': [0, 1] };

for (const { id, shownBy, about } of CONTROLS) {
  if (shownBy === undefined) continue;
  test(`${id} ${about.en}: ${shownBy}`, async () => {
    if (shownBy === '.ci/run') {
      accessSync(join(ROOT, shownBy), constants.X_OK);
      assert.match(readFileSync(join(ROOT, shownBy), 'utf8'), RUNS[id]!);
      return;
    }
    const { code, stdout, stderr } = await shown(shownBy);
    assert((CODES[id] ?? [0]).includes(code ?? -1), `${code}: ${stderr}`);
    assert.match(stdout, SHOWS[id] ?? assert.fail(`what must "${shownBy}" show?`));
  });
}

test('what was exported is checked without the gateway, and one without names has none', async () => {
  const [whole, bare] = [fresh('export'), fresh('export')];
  await done('audit', 'export', whole);
  await done('audit', 'export', bare, '--without-personal');
  // 9: it holds, and only anchors prove that its end is there.
  assert.match((await run('audit', 'verify', whole)).stdout, /the chain holds/);
  assert(readFileSync(whole, 'utf8').includes('anna@group.test'));
  assert(!readFileSync(bare, 'utf8').includes('anna@group.test'));
});
