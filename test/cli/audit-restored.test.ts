/**
 * `audit verify` after a restore: anchors of the time that was lost are told as such where the
 * restore is proved, later backups are not held to them, and nobody cuts the trail off under the
 * name of a restore.
 */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import type { TakenView } from '../../src/backup/views.ts';
import { chainHash } from '../../src/crypto/trail/audit-chain.ts';
import { type CommandScene, commandScene } from '../support/command-scene.ts';
import { addressOf } from '../support/gateway.ts';

interface Verified {
  readonly proven: boolean;
  readonly restored?: readonly {
    readonly row: number;
    readonly backup: string;
    readonly taken: string;
    readonly proved: boolean;
    readonly lost?: { readonly anchors: number; readonly seq: number };
  }[];
  readonly missing?: { readonly seq: number };
}

interface Scene extends CommandScene {
  readonly backup: TakenView;
  /** Starts the gateway again; the trail grows past what was lost, signed. */
  readonly goOn: () => Promise<{ stop: (how: { drain: 'none' }) => Promise<unknown> }>;
  readonly verified: () => Promise<Verified>;
  /** On the database of a gateway that has stopped. */
  readonly tamper: (change: (db: Database.Database) => void) => void;
}

const take = async ({ done, at }: CommandScene): Promise<TakenView> =>
  JSON.parse(await done('backup', at('backups'), '--json')) as TakenView;

/** A gateway of which a backup was taken, and that signed its trail once more for each of `later`. */
async function backedUp(t: TestContext, later: readonly string[]): Promise<Scene> {
  const scene = await commandScene(t, { accounts: ['anna', 'bert'], own: true });
  const { gateway, done, submit } = scene;
  const send = async (id: string): Promise<void> => {
    await submit(addressOf('bert'), id);
    await done('audit', 'anchor');
  };
  await send('before');
  // No anchor that came back tells of this one.
  await submit(addressOf('bert'), 'unsigned');
  const backup = await take(scene);
  for (const id of later) await send(id);
  await gateway.stop({ drain: 'none' });
  return {
    ...{ ...scene, backup },
    goOn: async () => {
      const again = await gateway.restart();
      for (let n = 0; n < 30; n += 1) await done('account', 'show', addressOf('bert'));
      await done('audit', 'anchor');
      return again;
    },
    verified: async () => JSON.parse((await scene.run('audit', 'verify', '--json')).stdout) as Verified,
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

let lost = 0;
async function restore({ gateway, done }: Scene, { path }: TakenView): Promise<void> {
  renameSync(gateway.config.data.folder, `${gateway.config.data.folder}.lost-${(lost += 1)}`);
  await done('restore', path, '--reason', 'disk lost');
}

/** Writes a row behind `seq`, as the gateway would chain it, and removes what was there. */
function cutOff(db: Database.Database, seq: number, event: string, facts: string): void {
  const previous = db.prepare('SELECT hash, at FROM audit WHERE seq = ?').get(seq) as { hash: Buffer; at: number };
  db.prepare('DELETE FROM audit WHERE seq > ?').run(seq);
  const row = { seq: seq + 1, at: previous.at, event, outcome: 'success', message: null, account: null, facts };
  const hash = chainHash(previous.hash, { ...row, commitment: null });
  db.prepare("INSERT INTO audit (seq, at, event, outcome, facts, hash) VALUES (?, ?, ?, 'success', ?, ?)").run(
    row.seq,
    row.at,
    event,
    facts,
    hash,
  );
}

test('anchors of the time that a restore lost are told with it, before and after the trail has grown past them', async (t) => {
  const scene = await backedUp(t, ['later-1', 'later-2']);
  const { backup, run, verified } = scene;
  await restore(scene, backup);
  const told = await run('audit', 'verify');
  assert.equal(told.code, 0, told.stderr);
  assert.match(
    told.stdout,
    new RegExp(
      `RESTORED on .* from backup ${backup.backup} of .*: row \\d+ tells it, and the key of the anchors signed that\\.\n.* anchors from .* to .* tell of rows up to \\d+ that were lost with it\\. What happened then is in no row\\.\n.*Keep these anchors`,
    ),
  );
  const first = await verified();
  assert.equal(first.restored?.length, 1);
  assert.deepEqual([first.restored[0]?.backup, first.restored[0]?.proved], [backup.backup, true]);
  const until = first.restored[0]?.lost?.seq ?? 0;
  assert.match((await run('audit', 'report', '--since', '1d', '--verify')).stdout, /^RESTORED on /m);

  const again = await scene.goOn();
  t.after(() => again.stop({ drain: 'none' }));
  const grown = await verified();
  assert.deepEqual([grown.proven, grown.missing, grown.restored?.[0]?.lost?.seq], [true, undefined, until]);
  const head = await run('audit', 'list', '--limit', '1', '--json');
  assert.ok((JSON.parse(head.stdout) as { seq: number }[])[0]!.seq > until, 'rows have the numbers of those lost');
});

test('exports and evidence of after a restore are held to the anchors that were not lost with it', async (t) => {
  const scene = await backedUp(t, ['later-1', 'later-2']);
  const { backup, at, done, run, gateway } = scene;
  await restore(scene, backup);
  const again = await scene.goOn();
  t.after(() => again.stop({ drain: 'none' }));
  const keys = gateway.config.keys.folder;
  const anchors = ['--anchors', join(keys, 'anchors'), '--anchor-key', join(keys, 'audit', 'anchor.pem')];

  await done('audit', 'export', at('trail.jsonl'), '--reason', 'audit');
  const text = await done('audit', 'verify', at('trail.jsonl'), ...anchors);
  assert.match(text, /the chain holds; \d+ anchors are in it\.\nRESTORED on /);
  // The rows of the last message, which the restore did not bring back, are in the anchors alone.
  const lines = readFileSync(at('trail.jsonl'), 'utf8').split('\n');
  const cut = lines.findIndex((line) => line.includes('"event":"backup.restored"'));
  for (const forged of [lines.slice(0, cut), lines.with(cut, lines[cut]!.replace('disk lost', 'disk gone'))]) {
    writeFileSync(at('forged.jsonl'), `${forged.filter((line) => !line.startsWith('{"end"')).join('\n')}\n`);
    assert.equal((await run('audit', 'verify', at('forged.jsonl'), ...anchors)).code, 5);
  }

  await done('trace', '<unsigned@x.test>', '--bundle', at('evidence.eml'), '--reason', 'complaint 17');
  const pem = join(keys, 'evidence', 'evidence.pem');
  const checked = await run('trace', '--verify', at('evidence.eml'), '--certificate', pem);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /an anchor is at the end of each/);
});

test('a backup after a restore has the anchors that were lost beside it, and is drilled and restored all the same', async (t) => {
  const scene = await backedUp(t, ['later-1', 'later-2']);
  const { backup, done, verified } = scene;
  await restore(scene, backup);
  const again = await scene.goOn();
  const second = await take(scene);
  assert.match(await done('drill', 'restore', second.path, '--reason', 'monthly'), /The backup can be restored/);
  await done('audit', 'anchor');
  await again.stop({ drain: 'none' });
  await restore(scene, second);
  const { proven, restored = [] } = await verified();
  assert.equal(proven, true);
  assert.deepEqual(
    restored.map((one) => [one.backup, one.proved, (one.lost?.anchors ?? 0) > 0]),
    [
      [backup.backup, true, true],
      [second.backup, true, true],
    ],
  );
});

test('what was cut off is no restore: not by a row that tells of one, and not by the row of another one', async (t) => {
  const scene = await backedUp(t, ['later-1', 'later-2']);
  const { backup, run, tamper } = scene;
  const changed = async (expected: RegExp): Promise<void> => {
    const ran = await run('audit', 'verify');
    assert.equal(ran.code, 5, ran.stdout);
    assert.match(ran.stderr, /not as it was written; keep this database and its anchors as they are/);
    assert.match(ran.stdout, expected);
  };
  let genuine = { seq: 0, facts: '' };
  await restore(scene, backup);
  tamper((db) => {
    genuine = db.prepare("SELECT seq, facts FROM audit WHERE event = 'backup.restored'").get() as typeof genuine;
  });
  const facts = JSON.parse(genuine.facts) as Record<string, unknown>;
  // Its facts changed by a hand that can chain rows: the key signed other ones.
  const { proof: _, ...unsigned } = facts;
  for (const forged of [unsigned, { ...facts, at: '2999-01-01T00:00:00.000Z' }, { ...facts, lanes: 9 }]) {
    tamper((db) => cutOff(db, genuine.seq - 1, 'backup.restored', JSON.stringify(forged)));
    await changed(/tells of a restore on .*, and no signature proves it: whoever can write the database/);
  }
  tamper((db) => cutOff(db, genuine.seq - 1, 'backup.restored', genuine.facts));
  assert.equal((await run('audit', 'verify')).code, 0, 'the control');

  // What came after the restore was signed after it: its row excuses nothing of that.
  const again = await scene.goOn();
  await again.stop({ drain: 'none' });
  tamper((db) => cutOff(db, genuine.seq, 'login', '{}'));
  await changed(/Anchor of row \d+: (?:the trail ends before row|row \d+ is another one)/);
  tamper((db) => cutOff(db, genuine.seq, 'backup.restored', genuine.facts));
  await changed(/Anchor of row \d+: (?:the trail ends before row|row \d+ is another one)/);
  // Nor of what came back with it.
  tamper((db) => cutOff(db, Number(facts.head) - 2, 'backup.restored', genuine.facts));
  await changed(/Anchor of row \d+: (?:the trail ends before row|row \d+ is another one)/);
});
