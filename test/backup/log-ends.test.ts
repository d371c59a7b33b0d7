/**
 * When a log behind base backups ends and another begins, what is removed of it, its copy
 * elsewhere, and which restores it refuses.
 */
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { KnownBackup } from '../../src/backup/folder.ts';
import { LogEnded } from '../../src/backup/log-archive.ts';
import { BackupRefused } from '../../src/backup/refused.ts';
import { logFor, logText } from '../../src/backup/restore-log.ts';
import { instant } from '../../src/domain/units.ts';
import { CopyFailed } from '../../src/store/copies.ts';
import { logScene, nameOf } from './log-scene.ts';

type Scene = ReturnType<typeof logScene>;

/** An index as the gateway signs it. */
function putIndex({ folder, keys }: Scene, content: object): void {
  const line = JSON.stringify(content);
  const signature = sign(null, Buffer.from(line), keys.privateKey).toString('base64');
  writeFileSync(join(folder, 'log', 'index.json'), `${line}\n${signature}\n`);
}

const indexIn = (folder: string): { readonly files: readonly { readonly name: string; readonly sha256: string }[] } =>
  JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8').split('\n')[0]!) as ReturnType<typeof indexIn>;

const CAUSES: Readonly<Record<string, readonly [(scene: Scene) => void, RegExp]>> = {
  'its index is of another store': [
    (scene) => putIndex(scene, { ...indexIn(join(scene.folder, 'log')), storeId: 'other', hostname: 'mx.test' }),
    /it is the log of another store \(mx\.test\)/,
  ],
  'its index was changed': [
    ({ folder }) => {
      const path = join(folder, 'log', 'index.json');
      writeFileSync(path, readFileSync(path, 'utf8').replace('mail.test', 'nail.test'));
    },
    /is not signed by the key of the audit trail, or was changed/,
  ],
  'its index has another form': [
    (scene) => putIndex(scene, { ...indexIn(join(scene.folder, 'log')), format: 'sluis log 2' }),
    /does not say that it is a "sluis log 1"/,
  ],
  'its index is longer than any that is written': [
    (scene) => putIndex(scene, { ...indexIn(join(scene.folder, 'log')), more: 'x'.repeat(16 * 1024 * 1024) }),
    /is not signed by the key/,
  ],
  'a file of it has gone': [
    ({ folder }) => rmSync(join(folder, 'log', nameOf(1))),
    /1 file of the log went, such as "000000010000000000000001"/,
  ],
};

const gone = (): Promise<never> => Promise.reject(new CopyFailed('the server has dropped it', { gap: true }));

test('a log that cannot go on is put aside with what it has, and the next round begins another', async (t) => {
  for (const [cause, [spoil, why]] of Object.entries(CAUSES)) {
    const scene = logScene(t);
    const { folder, archive, bringing, names } = scene;
    const log = archive(bringing(1, 2));
    await log.round(folder);
    spoil(scene);
    await assert.rejects(archive(bringing(2, 3)).round(folder), (error: unknown) => {
      assert(error instanceof LogEnded, cause);
      assert.match(error.message, why);
      assert.match(error.message, /cannot continue: .* a base backup begins another one$/);
      return true;
    });
    const [aside, ...others] = names();
    assert.match(aside!, /^log-ended-\d{4}-\d\d-\d\dT\d{6}Z$/, cause);
    assert.deepEqual(others, []);
    assert(readdirSync(join(folder, aside!)).includes(`${nameOf(2)}.partial`), cause);
    assert.equal((await log.round(folder)).files.length, 2);
    assert.deepEqual(names(), ['log', aside]);
  }
});

test('what the server has dropped, a gap between files, and a file that is too short end a log too', async (t) => {
  const cases: readonly (readonly [(scene: Scene) => ReturnType<Scene['archive']>, RegExp])[] = [
    [({ archive }) => archive(gone), /cannot continue: the server has dropped it/],
    [({ archive, bringing }) => archive(bringing(1, 2, 4)), /has a gap: the file behind 000000010000000000000002 is/],
    [
      ({ archive, folder, received }) =>
        archive(() => {
          writeFileSync(join(folder, 'log', `${nameOf(3)}.partial`), Buffer.alloc(40));
          writeFileSync(join(folder, 'log', nameOf(2)), Buffer.alloc(1024));
          return Promise.resolve(received(3));
        }),
      /ends 60 bytes too early/,
    ],
  ];
  for (const [next, why] of cases) {
    const scene = logScene(t);
    await scene.archive(scene.bringing(1, 2)).round(scene.folder);
    await assert.rejects(
      next(scene).round(scene.folder),
      (error) => error instanceof LogEnded && why.test(error.message),
    );
    assert(!scene.names().includes('log'));
  }
});

test('a full disk or a server that is away ends no log, and the next round is made', async (t) => {
  const { folder, archive, bringing, names } = logScene(t);
  const failing: Error[] = [
    new CopyFailed('pg_receivewal failed', { full: true }),
    Object.assign(new Error('write'), { code: 'ENOSPC' }),
    new CopyFailed('nobody answers'),
  ];
  const said: string[] = [];
  const log = archive((to) => {
    const error = failing.shift();
    return error === undefined ? bringing(1, 2)(to) : Promise.reject(error);
  });
  const tidied = { manifest: {} } as unknown as KnownBackup;
  for (let round = 0; round < 3; round += 1)
    await log.round(folder).catch((error: unknown) => {
      assert(error instanceof BackupRefused && !(error instanceof LogEnded) && error.kind === 'unavailable');
      said.push(error.message);
    });
  for (const message of said.slice(0, 2))
    assert.match(message, /: the disk is full; free some space there\. The server/);
  assert.match(said[2]!, /: nobody answers\. The server keeps what is not there yet, and it is tried again/);
  await assert.rejects(log.tidy(folder, [tidied]));
  assert.equal((await log.round(folder)).files.length, 2, 'what failed before holds up nothing');
  assert.deepEqual(names(), ['log']);
});

test('a file that was signed whole keeps its hash, and what was received beyond the end does not count', async (t) => {
  const { folder, archive, bringing, received, write } = logScene(t);
  await archive(bringing(1, 2)).round(folder);
  const sha256 = indexIn(join(folder, 'log')).files[0]?.sha256;
  // Somebody changes it afterwards: a restore must find that.
  writeFileSync(join(folder, 'log', nameOf(1)), Buffer.alloc(1024, 'other'));
  const { files } = await archive(() => {
    write(nameOf(2));
    write(nameOf(3));
    write(nameOf(4));
    write(`${nameOf(5)}.partial`);
    return Promise.resolve(received(3));
  }).round(folder);
  assert.deepEqual(
    files.map(({ name }) => name),
    [1, 2, 3].map((number) => nameOf(number)),
  );
  assert.equal(files[0]?.sha256, sha256);
  assert.deepEqual(
    files.map(({ octets }) => octets),
    [1024, 1024, 100],
  );
});

test('a log that ended goes when no backup needs it, stays with what one needs, and without a backup all stays', async (t) => {
  const scene = logScene(t);
  const { folder, archive, bringing, names, manifest } = scene;
  const backup = (start: string): KnownBackup => ({ manifest: manifest(start) }) as unknown as KnownBackup;
  const log = archive(bringing(1, 2, 3));
  await log.round(folder);
  await assert.rejects(archive(gone).round(folder), LogEnded);
  const [aside = ''] = names();
  await archive(bringing(5, 6)).round(folder);
  const left = (name: string): readonly string[] => readdirSync(join(folder, name)).sort();
  await log.tidy(folder, []);
  assert.equal(left(aside).length, 4);
  assert.equal(left('log').length, 3);
  await log.tidy(folder, [backup(nameOf(2)), backup(nameOf(6))]);
  assert.deepEqual(left(aside), [nameOf(2), `${nameOf(3)}.partial`, 'index.json']);
  assert.equal((await scene.bring(nameOf(2)))?.files.length, 2, 'a log that ended brings its backup on');
  await log.tidy(folder, [backup(nameOf(6))]);
  assert.deepEqual(names(), ['log']);
  assert.deepEqual(left('log'), [`${nameOf(6)}.partial`, 'index.json']);
});

test('the copy elsewhere has the same files and their index, what is there is not copied again, and no folder is made for it', async (t) => {
  const { folder, archive, bringing } = logScene(t);
  const elsewhere = join(folder, 'elsewhere');
  const log = archive(bringing(1, 2), { elsewhere });
  await assert.rejects(log.round(folder), /Cannot copy the log to ".*elsewhere\/log".*the log itself stands/);
  assert.equal(existsSync(elsewhere), false, 'a disk that is not mounted is not filled');
  mkdirSync(elsewhere);
  await log.round(folder);
  const to = join(elsewhere, 'log');
  assert.deepEqual(readdirSync(to).sort(), [nameOf(1), nameOf(2), 'index.json']);
  const { ino } = statSync(join(to, nameOf(1)));
  await archive(bringing(2, 3), { elsewhere }).round(folder);
  assert.equal(statSync(join(to, nameOf(1))).ino, ino);
  assert.deepEqual(indexIn(to), indexIn(join(folder, 'log')));
  const kept = { manifest: { store: { postgres: { start: nameOf(3) } } } } as unknown as KnownBackup;
  await log.tidy(folder, [kept]);
  await archive(bringing(3, 4), { elsewhere }).round(folder);
  assert.deepEqual(readdirSync(to).sort(), [nameOf(3), nameOf(4), 'index.json']);
});

async function restoring(t: TestContext) {
  const scene = logScene(t);
  await scene.archive(scene.bringing(4, 5, 6)).round(scene.folder);
  const { keys, folder } = scene;
  const of = async (wish: { until?: number; without?: boolean; label?: string; start?: string; ended?: number }) => {
    const manifest = scene.manifest(wish.start ?? nameOf(5));
    const { postgres } = manifest.store;
    return await logFor(
      join(folder, 'b'),
      {
        ...manifest,
        ended: new Date(wish.ended ?? 0).toISOString(),
        store: { ...manifest.store, postgres: { ...postgres!, ...(wish.label && { label: wish.label }) } },
      },
      {
        keys: [keys.publicKey],
        ...(wish.until !== undefined && { until: instant(wish.until) }),
        ...(wish.without !== undefined && { without: wish.without }),
      },
    );
  };
  return { ...scene, of };
}

test('a moment that the log does not reach, or from before the backup was whole, is refused with both times', async (t) => {
  const { of } = await restoring(t);
  assert.equal((await of({ until: 6 }))?.files.length, 2);
  await assert.rejects(of({ until: 7 }), {
    kind: 'invalid',
    message: /as of 1970-01-01T00:00:00\.007Z: its log .* goes to 1970-01-01T00:00:00\.006Z; name an earlier moment/,
  });
  await assert.rejects(of({ until: 5, ended: 6 }), {
    kind: 'invalid',
    message: /as of 1970-01-01T00:00:00\.005Z: it was whole at 1970-01-01T00:00:00\.006Z only; name an earlier backup/,
  });
});

test('without its log, or where there is none, a backup comes back as it was, and at no later moment', async (t) => {
  const { of } = await restoring(t);
  assert.equal(await of({ without: true }), undefined);
  const none = { kind: 'unknown', message: /there is no log behind it; leave --until out/ };
  await assert.rejects(of({ without: true, until: 6 }), none);
  assert.equal(await of({ start: nameOf(9) }), undefined);
  await assert.rejects(of({ start: nameOf(9), until: 6 }), none);
  assert.equal(await of({ label: '20261202-1', until: 6 }), undefined, 'the other program has the log');
});

test('of several histories the newest counts, and a log with a gap is not brought in', async (t) => {
  const { folder, archive, received, write, bring } = logScene(t);
  await archive(() => {
    for (const name of ['00000002.history', '00000003.history', nameOf(5), nameOf(5, 3), `${nameOf(6, 3)}.partial`])
      write(name);
    // The backup ends at 5 * 1024 + 301: the older history has left its timeline behind that, the
    // newer one before.
    writeFileSync(join(folder, 'log', '00000002.history'), '1\t0/1600\tno recovery target specified\n');
    writeFileSync(join(folder, 'log', '00000003.history'), '1\t0/152C\tno recovery target specified\n');
    return Promise.resolve(received(6));
  }).round(folder);
  await assert.rejects(bring(nameOf(5), 301), /as ".*00000003\.history" has it the servers left timeline 1 at 0\/152C/);
  const found = (await bring(nameOf(5), 300))!;
  const lacking = { ...found, files: found.files.filter(({ name }) => name !== nameOf(6, 3)) };
  assert.match(logText(found), /^5 files of the log have their SHA-256; it goes to/);
  assert.match(logText(lacking), /^4 files/);
  const gap = [...found.files, { ...found.files[0]!, name: nameOf(8, 3) }];
  assert.throws(() => logText({ ...found, files: gap }), { kind: 'unusable', message: /^the log has a gap: the file/ });
});

test('rounds and what tidies up come one after another', async (t) => {
  const { folder, archive, bringing, manifest } = logScene(t);
  const kept = { manifest: manifest(nameOf(2)) } as unknown as KnownBackup;
  const seen: string[] = [];
  const receive = bringing(1, 2);
  const log = archive(async (to) => {
    seen.push('begins');
    await new Promise(setImmediate);
    seen.push(existsSync(join(folder, 'log', nameOf(1))) ? 'has the first' : 'has none');
    return await receive(to);
  });
  const tidies = async (): Promise<void> => {
    await log.tidy(folder, [kept]);
    seen.push('tidied');
  };
  await Promise.all([log.round(folder), log.round(folder), tidies(), log.round(folder)]);
  assert.deepEqual(seen, ['begins', 'has none', 'begins', 'has the first', 'tidied', 'begins', 'has none']);
});
