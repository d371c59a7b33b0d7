/**
 * docs/systems.md, as it is printed, with the files that it leads to: every example marked "tested"
 * is run by the program that it is for, against a real gateway.
 *
 * The accounts have the names and the password of the page. Only host name and ports are put in,
 * since this gateway is on loopback.
 */
// @beside
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HOSTNAME, Instance, type Served } from '../support/instance.ts';
import { withoutProgram } from '../support/require.ts';
import { fetchers } from './fetchers.ts';
import { partsOf } from './parts.ts';
import { run } from './run.ts';
import { type NoticeWriter, senders } from './senders.ts';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'systems.md'), 'utf8');

const PRACTICE = 'assistente@de-brug.example';
const LABORATORY = 'lab@noord.example';
const PASSWORD = 'giraf-bloempot';
const EDI = Buffer.from("UNA:+.? 'UNB+UNOC:3+500000001:ZZ+500000002:ZZ+261126:0100+REF1'UNZ+0+REF1'\n", 'latin1');
const PORTS = { 587: 'submission', 465: 'submissions', 110: 'pop3', 995: 'pop3s' } as const;

interface Example {
  readonly title: string;
  readonly kind: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly commands: readonly string[];
}

const file = (name: string): string => readFileSync(join(root, 'docs', 'examples', 'mail', name), 'utf8');

/**
 * From each mark up to the next mark or heading: files that are printed, files that it leads to,
 * and commands.
 */
function examples(): Example[] {
  return [
    ...page.matchAll(/^<!-- tested: (send|fetch) -->$([\s\S]*?)(?=^<!-- tested|^#{2,3} |^Fetching|(?![\s\S]))/gm),
  ].map((match) => {
    const [, kind = '', body = ''] = match;
    const title = [...page.slice(0, match.index).matchAll(/^### (.+)$/gm)].at(-1)?.[1] ?? '';
    const blocks = [...body.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)];
    return {
      title,
      kind,
      files: [
        ...blocks.flatMap(([, , name, text = '']) => (name === undefined ? [] : [{ name, text }])),
        ...[...body.matchAll(/\(examples\/mail\/([\w.-]+)\)/g)].map(([, name = '']) => ({ name, text: file(name) })),
      ],
      commands: blocks.flatMap(([, language, name, text = '']) =>
        language === 'sh' && name === undefined ? text.split('\n').filter((line) => line !== '') : [],
      ),
    };
  });
}

let instance: Instance;
let served: Served;

before(async () => {
  instance = await Instance.create();
  const secret = join(instance.folder, 'password');
  writeFileSync(secret, `${PASSWORD}\n`, { mode: 0o600 });
  instance.sluis('organisation', 'add', 'group', '--title', 'Group');
  for (const login of [PRACTICE, LABORATORY])
    instance.sluis('account', 'add', login, '--organisation', 'group', '--password-file', secret);
  served = await instance.serve();
});
after(async () => {
  assert.equal(await served.stop(), 0);
  instance.remove();
});

function deskOf(login: string, name: string): NoticeWriter {
  const home = join(instance.folder, name);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  return { home, host: HOSTNAME, ...instance.ports, ca: instance.ca, login, password: PASSWORD, address: login };
}

/** Host name and ports of this gateway in place of the page's. */
const here = (text: string): string =>
  text
    .replaceAll('mail.example.nl', HOSTNAME)
    .replace(/\b(587|465|110|995)\b/g, (port) => String(instance.ports[PORTS[Number(port) as keyof typeof PORTS]]));

async function follow(example: Example, home: string): Promise<void> {
  copyFileSync(instance.ca, join(home, 'ca.pem'));
  for (const { name, text } of example.files) writeFileSync(join(home, name), here(text), { mode: 0o600 });
  for (const command of example.commands) await run('sh', ['-c', here(command)], { home });
}

const TEXT = join(root, 'docs', 'decisions', '0004-versions-of-node.md');
const job = { subject: 'Uitslag', text: readFileSync(TEXT), textPath: TEXT, files: [] };

const all = examples();

test('the page has examples for every program that the suite knows', () => {
  const titles = all.map(({ title }) => title);
  for (const title of [
    'curl',
    'swaks',
    'msmtp',
    'mutt',
    'mpop',
    'fetchmail',
    'getmail',
    'Python, sending',
    'Python, fetching',
  ])
    assert.ok(titles.includes(title), title);
  for (const { title, commands } of all) assert.ok(commands.length > 0, title);
});

for (const example of all) {
  const program = example.title.startsWith('Python') ? 'python3' : example.title;
  const skip =
    withoutProgram('python3', 'python3') || withoutProgram(program, program === 'getmail' ? 'getmail6' : program);
  test(`${example.title}, ${example.kind}, as printed`, { skip, timeout: 120_000 }, async () => {
    const noticeWriter = deskOf(PRACTICE, `page-${example.kind}-${program}`);
    if (example.kind === 'send') {
      writeFileSync(join(noticeWriter.home, 'uitslag.edi'), EDI);
      writeFileSync(join(noticeWriter.home, 'message.eml'), message(EDI));
      await follow(example, noticeWriter.home);
      const got = await fetchers.poplib.fetch(deskOf(LABORATORY, `page-read-${program}`));
      assert.equal(got.length, 1);
      const { subject, parts } = await partsOf(got[0]!, noticeWriter.home);
      assert.equal(subject, 'Uitslag');
      assert.equal(parts.at(-1)?.sha256, createHash('sha256').update(EDI).digest('hex'));
    } else {
      await senders.smtplib.send(job, PRACTICE, deskOf(LABORATORY, 'page-sender'));
      await follow(example, noticeWriter.home);
      const inbox = readdirSync(noticeWriter.home).filter((name) => name.startsWith('inbox'));
      assert.equal(inbox.length, 1, 'the mail is in the folder');
      assert.match(readFileSync(join(noticeWriter.home, inbox[0]!), 'utf8'), /Subject: Uitslag\r?\n/);
      assert.deepEqual(await fetchers.poplib.fetch(deskOf(PRACTICE, `page-again-${program}`)), [], 'and nowhere else');
    }
  });
}

/** What a system that carries finished messages has in its file. */
function message(edi: Buffer): string {
  const lines = [
    ...[`From: <${PRACTICE}>`, `To: <${LABORATORY}>`, 'Subject: Uitslag', 'MIME-Version: 1.0'],
    ...['Content-Type: application/EDIFACT; name="uitslag.edi"', 'Content-Transfer-Encoding: base64', ''],
    edi.toString('base64'),
  ];
  return `${lines.join('\r\n')}\r\n`;
}
