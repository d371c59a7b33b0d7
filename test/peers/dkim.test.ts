// @beside
/**
 * What we sign with DKIM, by other people's verifiers: opendkim (rsa) and python3-dkim (rsa and
 * ed25519). Each must also refuse what was changed.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { dkimFile, dkimRecord, makeDkimKey, readDkimKeys } from '../../src/crypto/dkim/dkim-keys.ts';
import { DkimSigner } from '../../src/push/dkim.ts';
import { octets } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { hasProgram, present } from '../support/require.ts';

process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin`;
const run = promisify(execFile);
const python = (code: string): boolean => spawnSync('/usr/bin/python3', ['-c', code]).status === 0;
const options = {
  skip:
    present('the program opendkim', hasProgram('opendkim'), 'install it with "apt-get install opendkim"') ||
    present('python3-dkim', python('import dkim, nacl'), 'install it with "apt-get install python3-dkim python3-nacl"'),
};

const MESSAGES: Readonly<Record<string, string>> = {
  plain:
    'From: Lab <lab@group.test>\r\nTo: ward@umc.test\r\nSubject: Uitslag\r\nDate: Wed, 02 Dec 2026 12:00:00 +0000\r\nMessage-ID: <1@group.test>\r\n\r\nKalium 4.1\r\n',
  folded:
    'FROM:  Lab\r\n\t<lab@group.test>\r\nTo: ward@umc.test,\r\n  desk@umc.test\r\nSubject: a\t b\r\n  c \r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\n  indented\t text  \r\n\r\n \r\nend \r\n\r\n\r\n',
  latin1: 'From: lab@group.test\r\nSubject: caf\xe9\r\n\r\n\xe9\xff\r\n.\r\n..\r\n',
  empty: 'From: lab@group.test\r\nSubject: nothing\r\n\r\n',
  lines: 'From: lab@group.test\r\n\r\n\r\n\r\n',
  twice:
    'From: lab@group.test\r\nTo: a@umc.test\r\nTo: b@umc.test\r\nReferences: <1@x>\r\nReferences: <2@x>\r\n\r\nx\r\n',
  long: `From: lab@group.test\r\n\r\n${'0123456789 '.repeat(60_000)}\r\n${'line\r\n'.repeat(50_000)}`,
};

interface Bench {
  readonly sign: (text: string) => Promise<string>;
  /** The signatures that hold, of each verifier. */
  readonly verify: (text: string) => Promise<{ readonly opendkim: boolean; readonly python: readonly boolean[] }>;
}

async function bench(t: TestContext, ...kinds: readonly ('ed25519' | 'rsa2048')[]): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-dkim-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const kind of kinds)
    writeFileSync(join(folder, dkimFile(kind, 'group.test')), await makeDkimKey(kind), { mode: 0o600 });
  const keys = readDkimKeys(folder);
  const records = keys.map(dkimRecord);
  writeFileSync(join(folder, 'records'), records.map(({ name, value }) => `${name} ${value}\n`).join(''));
  const conf = [
    `Mode v`,
    `TestPublicKeys ${join(folder, 'records')}`,
    'Syslog no',
    'MinimumKeyBits 1024',
    'UserID root',
  ];
  writeFileSync(join(folder, 'opendkim.conf'), `${conf.join('\n')}\n`);
  writeFileSync(join(folder, 'verify.py'), PYTHON);
  const signer = new DkimSigner(keys, 'group.test', systemClock);
  const file = join(folder, 'message');
  return {
    sign: async (text) => {
      const all = Buffer.from(text, 'latin1');
      const slices = async function* () {
        for (let at = 0; at < all.length; at += 65_536) yield all.subarray(at, at + 65_536);
      };
      const copy = await signer.sign({ octets: octets(all.length), slices }, new AbortController().signal);
      const pieces: Uint8Array[] = [];
      for await (const piece of copy.slices()) pieces.push(piece);
      return Buffer.concat(pieces).toString('latin1');
    },
    verify: async (text) => {
      writeFileSync(file, Buffer.from(text, 'latin1'));
      const { stdout } = await run('/usr/bin/python3', [join(folder, 'verify.py'), file, join(folder, 'records')]);
      return { opendkim: await opendkim(join(folder, 'opendkim.conf'), file), python: JSON.parse(stdout) as boolean[] };
    },
  };
}

async function opendkim(conf: string, file: string): Promise<boolean> {
  const said = await run('opendkim', ['-x', conf, '-vvv', '-t', file]).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: unknown) => {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      return stdout + stderr;
    },
  );
  // It says nothing but this of what it took.
  return /Authentication-Results[\s\S]*dkim=pass|verification \(s=[^)]*\) succeeded/.test(said);
}

/** Each signature by its place; records from the file. */
const PYTHON = `
import dkim, json, sys
message = open(sys.argv[1], 'rb').read()
records = dict(line.rstrip('\\n').split(' ', 1) for line in open(sys.argv[2]))
def dns(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return records.get(name.rstrip('.'), '').encode()
one = dkim.DKIM(message)
found = [h for h in one.headers if h[0].lower() == b'dkim-signature']
def holds(n):
    try:
        return bool(dkim.DKIM(message).verify(idx=n, dnsfunc=dns))
    except dkim.DKIMException:
        return False
print(json.dumps([holds(n) for n in range(len(found))]))
`;

test(
  'every message that we sign by rsa is taken by opendkim and python3-dkim, by ed25519 by python3-dkim',
  options,
  async (t) => {
    const both = await bench(t, 'ed25519', 'rsa2048');
    for (const [what, text] of Object.entries(MESSAGES)) {
      const found = await both.verify(await both.sign(text));
      assert.deepEqual(found, { opendkim: true, python: [true, true] }, what);
    }
  },
);

test('what was changed on the way is refused by both', options, async (t) => {
  const both = await bench(t, 'ed25519', 'rsa2048');
  const signed = await both.sign(MESSAGES.plain ?? '');
  const changes: Readonly<Record<string, string>> = {
    body: signed.replace('Kalium 4.1', 'Kalium 7.1'),
    subject: signed.replace('Subject: Uitslag', 'Subject: Afspraak'),
    'a line more': `${signed}besides\r\n`,
    'a second From on top': `From: <boss@umc.test>\r\n${signed}`,
    'a second From below': signed.replace('\r\n\r\n', '\r\nFrom: <boss@umc.test>\r\n\r\n'),
    'a second Subject on top': `Subject: Spoed\r\n${signed}`,
    'a Reply-To': `Reply-To: <boss@umc.test>\r\n${signed}`,
    'a Content-Type': `Content-Type: text/html\r\n${signed}`,
  };
  for (const [what, text] of Object.entries(changes))
    assert.deepEqual(await both.verify(text), { opendkim: false, python: [false, false] }, what);
  const harmless = `Received: from here by there; Wed, 02 Dec 2026 12:00:01 +0000\r\n${signed.replace('Kalium 4.1', 'Kalium  4.1 ')}\r\n`;
  assert.deepEqual(await both.verify(harmless), { opendkim: true, python: [true, true] });
});
