/**
 * A restore that nobody does alone: there is no store to ask in, so request and signatures lie in a
 * file, and the backup knows who may sign.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import type { TakenView } from '../../src/backup/views.ts';
import { makeOperatorKey } from '../../src/crypto/trail/operator-key.ts';
import { commandsOn } from '../support/command-line.ts';
import { startTestGateway } from '../support/gateway.ts';

test('two operators of the backup sign for its restoring; nobody else does, and for nothing else', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-restore-'));
  const at = (name: string): string => join(folder, name);
  const gateway = await startTestGateway({ configuration: '[operators]\nsecond-person = ["restore"]' });
  t.after(async () => {
    await gateway.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const { done, refused } = commandsOn(() => gateway.config.file, 'yes\n');
  writeFileSync(at('passphrase'), 'four words make one\n');
  for (const name of ['jan', 'piet', 'mallory']) {
    const { sealed, publicKey } = makeOperatorKey('four words make one');
    writeFileSync(at(`${name}.pem`), sealed);
    writeFileSync(at(`${name}.pub`), publicKey);
  }
  for (const name of ['jan', 'piet']) await done('operator', 'add', name, '--public-key', at(`${name}.pub`));
  const { path } = JSON.parse(await done('backup', 'take', at('backups'), '--json')) as TakenView;
  await gateway.stop();
  renameSync(gateway.config.data.folder, at('lost'));

  const restore = ['restore', path, '--reason', 'the disk is gone'];
  const ask = at('ask.json');
  const sign = (as: string, key = as, file = ask): string[] => [
    ...['approve', file, '--operator', as, '--key', at(`${key}.pem`), '--passphrase-file', at('passphrase')],
  ];
  await refused(8, /add --approval FILE\.json/, ...restore);
  await refused(8, /The request is in ".*ask\.json", for an hour/, ...restore, '--approval', ask);
  await refused(8, /no operator has signed it/, ...restore, '--approval', ask);
  const first = await done(...sign('jan'));
  assert.match(
    first,
    /Operation: +restore\n[^]*backup: +20\d\d-[^]*Reason: +the disk is gone[^]*Another operator must sign/,
  );
  await done(...sign('jan'));
  await refused(8, /only operator "jan" has signed it/, ...restore, '--approval', ask);
  // Somebody who is no operator of that gateway, and says to be one.
  await done(...sign('piet', 'mallory'));
  await refused(8, /only operator "jan" has signed it/, ...restore, '--approval', ask);
  await done(...sign('piet'));
  // Something else than was asked.
  await refused(2, /it is for something else/, ...restore, '--push', '--approval', ask);
  // A longer life, written into the file: the time of asking is signed, and the end is counted from
  // it.
  const file = JSON.parse(readFileSync(ask, 'utf8')) as { request: { askedAt: number; endsAt: number } };
  const late = { ...file, request: { ...file.request, askedAt: file.request.askedAt - 7_200_000, endsAt: 9e15 } };
  writeFileSync(at('late.json'), JSON.stringify(late));
  await refused(4, /it ended at/, ...restore, '--approval', at('late.json'));
  const ahead = { ...file, request: { ...file.request, askedAt: file.request.askedAt + 7_200_000 } };
  writeFileSync(at('ahead.json'), JSON.stringify(ahead));
  await refused(4, /it was asked at .* by the clock of this machine it is/, ...restore, '--approval', at('ahead.json'));
  writeFileSync(
    at('moved.json'),
    JSON.stringify({ ...file, request: { ...file.request, askedAt: file.request.askedAt + 1 } }),
  );
  await refused(8, /no operator has signed it/, ...restore, '--approval', at('moved.json'));
  writeFileSync(at('bad.json'), '{}');
  await refused(2, /expected the format/, ...restore, '--approval', at('bad.json'));
  assert(!existsSync(join(gateway.config.data.folder, 'sluis.db')));

  await refused(2, /without --reason TEXT/, 'restore', path, '--approval', at('unasked.json'));
  // The reason is that of the request.
  await done('restore', path, '--approval', ask);
  const rows = JSON.parse(await done('audit', 'list', '--event', 'backup.', '--json')) as AuditRowView[];
  assert(rows.some(({ facts }) => facts.actor === 'jan, approved by piet' && facts.reason === 'the disk is gone'));
});
