/** What commands that work on the files of SQLite say where the store is kept in PostgreSQL. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { initialise } from '../../src/commands/init/files.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startGateway } from '../../src/gateway.ts';
import { FakeClock } from '../support/clock.ts';
import { sluisHere } from '../support/command-line.ts';
import { MemoryLog } from '../support/log.ts';
import { until } from '../support/until.ts';

/** A configuration whose one server is not there. */
async function scene(t: TestContext): Promise<{ readonly folder: string; readonly config: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-on-postgres-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { config } = await initialise({
    config: join(folder, 'sluis.toml'),
    hostname: 'localhost',
    data: undefined,
    portBase: 20_000,
    listen: '127.0.0.1',
    devCertificates: true,
  });
  writeFileSync(join(folder, 'password'), 'any\n', { mode: 0o600 });
  const text = readFileSync(config, 'utf8')
    .replace(/^\[store\]$/m, '[store]\nengine = "postgres"\nhosts = ["127.0.0.1:1"]\npassword-file = "password"')
    .replace(/^\[cluster\]$/m, '[cluster]\nnode = "gw1"\nsite = "noord"');
  writeFileSync(config, text);
  return { folder, config };
}

test('a command says at once that no server is there; a gateway that starts waits for it, and says so', async (t) => {
  const { config } = await scene(t);
  const since = performance.now();
  const { code, stderr } = await sluisHere(['account', 'list', '--config', config]);
  assert.match(stderr, /Nothing may be acknowledged: no server of PostgreSQL is the primary/);
  assert.notEqual(code, 0);
  assert.ok(performance.now() - since < 8000, 'it does not wait for ten seconds as a start does');

  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const started = startGateway(loadConfig(config), { clock, log }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await until('it waits', () => log.names.includes('store.waiting'));
  clock.advance(10_000);
  assert.match(String(await started), /no server of PostgreSQL is the primary/);
});

test('compact and restore say that PostgreSQL keeps the store, and who does it there; nothing is touched', async (t) => {
  const { folder, config } = await scene(t);
  const text = readFileSync(config, 'utf8');
  for (const [args, instead] of [
    [['store', 'compact'], /Cannot compact the store: it is kept in PostgreSQL \(store\.engine\); autovacuum/],
    [['restore', join(folder, 'backup'), '--reason', 'why'], /Cannot restore a base backup without --into FOLDER/],
  ] as const) {
    const { code, stderr } = await sluisHere([...args, '--config', config]);
    assert.match(stderr, instead);
    assert.equal(code, args[0] === 'restore' ? 2 : 4);
  }
  writeFileSync(join(folder, 'owner'), 'any\n', { mode: 0o600 });
  const move = ['store', 'move', '--reason', 'why', '--yes', '--owner-password-file', join(folder, 'owner')];
  const moved = await sluisHere([...move, '--config', config]);
  assert.match(moved.stderr, /Nothing may be acknowledged: no server of PostgreSQL is the primary/);
  assert(existsSync(join(folder, 'data', 'sluis.db')));
  const asked = text.replace(/^\[operators\]$/m, '[operators]\nsecond-person = ["store-move"]');
  assert.notEqual(asked, text);
  writeFileSync(config, asked);
  const alone = await sluisHere([...move, '--config', config]);
  assert.match(
    alone.stderr,
    /Cannot move the store alone: .*second-person has "store-move"\); add --approval FILE\.json/,
  );
  assert.equal(alone.code, 8);
  writeFileSync(config, text);
  const checked = await sluisHere(['check', '--config', config]);
  assert.equal(checked.code, 7, checked.stderr);
  assert.match(checked.stdout, /^PostgreSQL 127\.0\.0\.1:1: nothing listens there; start it/m);
  assert.match(checked.stderr, /No mail would be accepted, not-acknowledged: no server of PostgreSQL is the primary/);
});
