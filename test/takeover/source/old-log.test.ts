/**
 * Logins in the logs of old servers: lines as Dovecot writes them, and a table of another server's.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { instant } from '../../../src/domain/units.ts';
import { type OldLogin, readOldLog } from '../../../src/takeover/source/old-log.ts';
import { SourceError } from '../../../src/takeover/source/source.ts';

const NOW = instant(Date.UTC(2027, 0, 2, 12));
const PEER = 'method=PLAIN, rip=192.0.2.7, lip=192.0.2.1';

async function read(t: TestContext, text: string): Promise<{ lines: number; found: OldLogin[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'log'), text);
  const found: OldLogin[] = [];
  const { lines, logins } = await readOldLog(join(folder, 'log'), NOW, (login) => found.push(login));
  assert.equal(logins, found.length);
  return { lines, found };
}

test('lines of Dovecot 2.3 and 2.4 are logins; what it hands on, refuses or only says is none', async (t) => {
  const { lines, found } = await read(
    t,
    [
      `Dec 02 11:39:47 pop3-login: Info: Logged in: user=<p0b1@region.test>, ${PEER}, mpid=100678, TLS, session=<ihqaGaVhMMd/AAAB>`,
      `2027-01-02T10:00:00.123+01:00 old dovecot: pop3-login: Login: user=<jansen>, ${PEER}, mpid=1, TLS`,
      `2027-01-02 10:00:00 imap-login: Info: Login: user=<jansen>, ${PEER}`,
      `Dec 02 11:40:03 pop3-login: Info: proxy(p0b1@region.test,127.0.0.1:995): Started proxying to remote host (0.283 secs): user=<p0b1@region.test>, ${PEER}`,
      `Dec 02 11:40:03 pop3-login: Info: Login aborted: Logged out (login disabled, 1 successful auths in 0 secs) (login_disabled): user=<p0b1@region.test>, ${PEER}`,
      'Dec 02 11:40:04 pop3(jansen)<1><x>: Info: Disconnected: Logged out top=0/0, retr=0/0, del=0/1, size=1',
      `${'x'.repeat(100_000)} pop3-login: Info: Login: user=<hidden>, ${PEER}`,
    ].join('\n'),
  );
  assert.equal(lines, 7);
  assert.deepEqual(
    found.map(({ user, from }) => [user, from]),
    [
      ['p0b1@region.test', '192.0.2.7'],
      ['jansen', '192.0.2.7'],
      ['jansen', '192.0.2.7'],
    ],
  );
  // A line of December without a year that is read in January is of the year before.
  assert.equal(new Date(found[0]?.at ?? 0).getFullYear(), 2026);
  assert.equal(found[1]?.at, Date.UTC(2027, 0, 2, 9));
});

test('a table of another server is read as it is, and a file that cannot be read is named', async (t) => {
  const { found } = await read(
    t,
    'user,at\r\njansen,2027-01-01T00:00:00Z\r\nnonsense\r\n"zoë","2027-01-01T01:00:00Z"\r\n',
  );
  assert.deepEqual(found, [
    { user: 'jansen', at: Date.UTC(2027, 0, 1) },
    { user: 'zoë', at: Date.UTC(2027, 0, 1, 1) },
  ]);
  await assert.rejects(
    readOldLog('/nowhere/log', NOW, () => undefined),
    SourceError,
  );
});
