/**
 * docs/run.md: the commands of each task run as they are printed, one after the other, on a whole
 * gateway; and no block is passed over without a reason.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Ran, sluisHere } from './support/command-line.ts';
import { testCertificates } from './support/certificates.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { send } from './support/mail.ts';

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'run.md'), 'utf8');

/** Blocks of commands below each heading, in the order of the page. */
const blocks = page.split(/^(?=###? )/m).flatMap((chapter) =>
  [...chapter.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, text = '']) => ({
    title: /^#+ (.*)/.exec(chapter)?.[1] ?? '',
    lines: text.trim().split('\n'),
  })),
);

/** What is not run here, and where it is tried. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'A region moves in': 'needs another server: test/commands/takeover, test/long/region-move',
  'A second person': 'the id of the request is another one each time: test/cli/approve',
  'A new master key': 'the gateway is stopped: test/cli/key',
  'The bad day': 'test/bad-day',
  'Telling everybody about maintenance': 'test/bad-day',
};

const folder = mkdtempSync(join(tmpdir(), 'sluis-run-page-'));
const at = (...names: string[]): string => join(folder, ...names);
let gateway: TestGateway;

/**
 * The day on which the page was written: its dates are as far from today as they were from that
 * day.
 */
const WRITTEN = Date.parse('2026-12-01');
/** A month is this one: there are no figures of one before. */
const today = (text: string): string =>
  text
    .replace(/\b20\d\d-\d\d(?= |$)/g, new Date().toISOString().slice(0, 7))
    .replace(/\b20\d\d-\d\d-\d\d\b/g, (day) =>
      new Date(Date.now() + Date.parse(day) - WRITTEN).toISOString().slice(0, 10),
    );

/**
 * Files that the page names lie in the folder of the test; the shares are those that were just
 * printed.
 */
function path(word: string): string {
  if (word === '/media/shares') return at('shares');
  if (word === 'keys/anchors') return join(gateway.config.keys.folder, 'anchors');
  const share = /^(jan|piet)\.txt$/.exec(word)?.[1];
  if (share !== undefined) {
    const name = readdirSync(at('shares')).find((file) => file.toLowerCase().includes(`-${share}-`));
    return at('shares', name ?? assert.fail(`no share of ${share}`));
  }
  return /^[a-z][a-z0-9-]*\.(?:password|csv|pem|eml|jsonl|txt)$|^statement-\d+$/.test(word) ? at(word) : word;
}

async function run(command: string): Promise<Ran> {
  const words = [...today(command).matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
  const [program = '', ...args] = words.map(path);
  if (program === 'openssl') {
    execFileSync('openssl', args, { stdio: 'ignore' });
    return { code: 0, stdout: '', stderr: '' };
  }
  assert.equal(program, 'sluis', command);
  return await sluisHere([...args, '--config', gateway.config.file]);
}

/** Ends that are right although they are not 0, by the beginning of the command. */
const ENDS: readonly (readonly [begin: string, code: number, says: RegExp])[] = [
  // There is no such host.
  ['sluis partner test ', 7, /mx\.umc-noord\.example/],
];

before(async () => {
  gateway = await startTestGateway({ accounts: ['anna', 'bram'], configuration: '[delivery]\nwaits = ["1h"]\n' });
  const { ca, server } = await testCertificates();
  writeFileSync(at('umc-ca.pem'), ca.certificate);
  writeFileSync(at('umc-client.pem'), server.certificate);
  writeFileSync(at('successors.csv'), 'old,new,mailbox\na@a.example,a@b.example,b@b.example\n');
  const given = [
    'sluis organisation add maatschap-zuid --title Zuid',
    'sluis account add waarnemer@zuid.example --organisation maatschap-zuid --generate --out waarnemer.password',
    'sluis organisation add a --title A',
    'sluis organisation add b --title B',
    'sluis account add a@a.example --organisation a --generate --out a.password',
    'sluis account add b@b.example --organisation b --generate --out b.password',
    'sluis organisation add kliniek-zuid --title Kliniek',
    'sluis account add balie@kliniek.example --organisation kliniek-zuid --generate --out kliniek.password',
  ];
  for (const command of given) assert.equal((await run(command)).code, 0, command);
  await send(gateway.target('submission'), loginOf('anna'), {
    from: addressOf('anna'),
    to: [addressOf('bram')],
    content: Buffer.from(
      `From: ${addressOf('anna')}\r\nTo: ${addressOf('bram')}\r\nMessage-ID: <1@hospital.example>\r\n\r\nBody.\r\n`,
    ),
  });
  assert.equal((await run('sluis audit anchor')).code, 0);
});
after(async () => {
  await gateway.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** What has to be there before a command, and what the page says in words between the blocks. */
const BEFORE: Readonly<Record<string, string>> = {
  'sluis address absence add ':
    'sluis address consent add waarnemer@zuid.example --for jansen@de-brug.example --reason "said so"',
};

async function tried(command: string): Promise<void> {
  if (command.startsWith('shred ')) return;
  const first = Object.entries(BEFORE).find(([begin]) => command.startsWith(begin))?.[1];
  if (first !== undefined) assert.equal((await run(first)).code, 0, first);
  if (command.startsWith('openssl cms '))
    writeFileSync(at('evidence.pem'), (await run('sluis evidence certificate')).stdout);
  const { code, stdout, stderr } = await run(command);
  const [, end = 0, says = /^/] = ENDS.find(([begin]) => command.startsWith(begin)) ?? [];
  assert.equal(code, end, `${command}: ${stderr}${stdout}`);
  assert.match(stdout + stderr, says, command);
  const [, out] = /--(?:out|bundle|statement) (\S+)/.exec(command) ?? [];
  if (out !== undefined) assert.ok(existsSync(path(out)), command);
}

test('the commands of each task run as they are printed, in the order of the page', async (t) => {
  for (const { title, lines } of blocks.filter(({ title: name }) => !Object.hasOwn(ELSEWHERE, name)))
    await t.test(title, async () => {
      for (const command of lines.map((line) => line.replace(/ {2,}#.*$/, ''))) await tried(command);
    });
});

test('each task with commands is run here, or it is said where', () => {
  assert.ok(blocks.length > 15, String(blocks.length));
  assert.deepEqual(
    Object.keys(ELSEWHERE).filter((name) => !blocks.some(({ title }) => title === name)),
    [],
  );
});
