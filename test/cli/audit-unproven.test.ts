/**
 * `audit verify` as it is typed, without options, on a trail that somebody changed with the
 * database in hand: the gateway's own anchors tell, and where there are none it says that nothing
 * is proven.
 */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { CHAIN_START, chainHash } from '../../src/crypto/trail/audit-chain.ts';
import type { ChainRow } from '../../src/domain/audit-row.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { SmtpClient } from '../support/smtp-client.ts';

interface Scene {
  readonly gateway: TestGateway;
  readonly audit: (...args: string[]) => Promise<Ran>;
  /** On the database of a gateway that has stopped. */
  readonly tamper: (change: (db: Database.Database) => void) => void;
}

/** A gateway that took a message, signed its trail and stopped. */
async function stopped(t: TestContext): Promise<Scene> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const content = `From: <${addressOf('anna')}>\r\nMessage-ID: <1@x.test>\r\n\r\nhello\r\n`;
  await client.submit(addressOf('anna'), [addressOf('bert')], Buffer.from(content));
  await client.quit();
  await gateway.stop();
  return {
    gateway,
    audit: (...args) => sluisHere(['audit', ...args, '--config', gateway.config.file]),
    tamper: (change) => {
      const db = new Database(join(gateway.config.data.folder, 'sluis.db'));
      try {
        change(db);
      } finally {
        db.close();
      }
    },
  };
}

/** Numbers as the database gives them where it is asked for all of their digits. */
type Stored = Omit<ChainRow, 'seq' | 'at' | 'account'> & {
  readonly seq: bigint;
  readonly at: bigint;
  readonly account: bigint | null;
};

/** Writes the whole chain again, as whoever holds the database can. */
function rehash(db: Database.Database): void {
  const rows = db.prepare<[], Stored>('SELECT * FROM audit ORDER BY seq').safeIntegers();
  let head = CHAIN_START;
  for (const row of rows.all()) {
    const account = row.account === null ? null : Number(row.account);
    head = chainHash(head, { ...row, seq: Number(row.seq), at: Number(row.at), account });
    db.prepare('UPDATE audit SET hash = ? WHERE seq = ?').run(head, row.seq);
  }
}

test('what the gateway wrote is proven by its own anchors, whose place is told', async (t) => {
  const { gateway, audit } = await stopped(t);
  const ran = await audit('verify');
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /anchors? (?:is|are) in the trail, of .*keys.anchors\./);
  const json = JSON.parse((await audit('verify', '--json')).stdout) as { proven: boolean; places: string[] };
  assert.deepEqual([json.proven, json.places], [true, [join(gateway.folder, 'keys', 'anchors')]]);
});

test('a tail that was cut off is found without a word about anchors', async (t) => {
  const { audit, tamper } = await stopped(t);
  tamper((db) => db.exec('DELETE FROM audit WHERE seq > 3'));
  const ran = await audit('verify');
  assert.equal(ran.code, 5);
  assert.match(ran.stdout, /Anchor of row \d+: the trail ends before row/);
});

test('a chain that was written anew is found, also by the report', async (t) => {
  const { audit, tamper } = await stopped(t);
  tamper((db) => {
    db.exec("UPDATE audit SET outcome = 'failure' WHERE seq = 2");
    rehash(db);
  });
  for (const args of [['verify'], ['report', '--week', '--verify']]) {
    const ran = await audit(...args);
    assert.equal(ran.code, 5, ran.stderr);
    assert.match(ran.stdout, /the chain holds[^]*Anchor of row \d+: row \d+ is another one/);
  }
});

test('personal fields that vanished without a row that tells of it are counted', async (t) => {
  const { audit, tamper } = await stopped(t);
  const erased = await audit('erase', '--account', addressOf('anna'), '--yes', '--reason', 'she asked');
  assert.equal(erased.code, 0, erased.stderr);
  assert.equal((await audit('verify')).code, 0, 'what was erased by the command is told of');
  tamper((db) =>
    db.exec(
      'UPDATE audit SET personal = NULL, salt = NULL WHERE seq IN (SELECT seq FROM audit WHERE personal IS NOT NULL LIMIT 2)',
    ),
  );
  const ran = await audit('verify');
  assert.equal(ran.code, 5);
  assert.match(ran.stdout, /Who and where of 2 rows are gone, and no row tells that they were erased/);
});

test('without anchors nothing is proven, and that is not a success', async (t) => {
  const { gateway, audit } = await stopped(t);
  renameSync(join(gateway.folder, 'keys', 'anchors'), join(gateway.folder, 'elsewhere'));
  for (const args of [['verify'], ['report', '--week', '--verify']]) {
    const ran = await audit(...args);
    assert.equal(ran.code, 9, ran.stderr);
    assert.match(ran.stdout, /NOT PROVEN: there is no anchor in .*anchors\./);
    assert.match(ran.stderr, /nothing proves that its end was not cut off/);
  }
  assert.equal((await audit('verify', '--anchors', join(gateway.folder, 'elsewhere'))).code, 0);
});

test('whoever names a time-stamping authority is told when there is no stamp to check', async (t) => {
  const { audit } = await stopped(t);
  assert.equal((await audit('verify')).code, 0, 'the control');
  const ran = await audit('verify', '--timestamp-authority', 'authority.pem');
  assert.equal(ran.code, 9, ran.stdout + ran.stderr);
  assert.match(ran.stderr, /No time stamp was checked: there is none in .*anchors/);
});

test('after an older database was put back the anchors tell what it lacks, before and after the gateway goes on', async (t) => {
  const { gateway, audit } = await stopped(t);
  const database = join(gateway.config.data.folder, 'sluis.db');
  const [older, anchors] = [join(gateway.folder, 'older.db'), join(gateway.folder, 'keys', 'anchors')];
  const before = join(gateway.folder, 'anchors-before');
  copyFileSync(database, older);
  cpSync(anchors, before, { recursive: true });
  await (await gateway.restart()).stop();
  assert.equal((await audit('verify')).code, 0);

  for (const name of ['-wal', '-shm']) rmSync(`${database}${name}`, { force: true });
  copyFileSync(older, database);
  const back = await audit('verify');
  assert.equal(back.code, 5);
  const row = /the chain holds[^]*Anchor of row (\d+): the trail ends before row \1\./.exec(back.stdout)?.[1];
  assert(row !== undefined, back.stdout);
  assert.match(back.stderr, /not as it was written; keep this database and its anchors as they are/);
  assert.equal((await audit('verify', '--anchors', before)).code, 0, 'what it has is proven by what was signed then');

  await (await gateway.restart()).stop();
  const on = await audit('verify');
  assert.equal(on.code, 5);
  assert.match(on.stdout, new RegExp(`the chain holds[^]*Anchor of row ${row}: row ${row} is another one`));
  assert.equal((await audit('verify', '--anchors', before)).code, 0);
});
