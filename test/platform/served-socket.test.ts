import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ConnectionGone } from '../../src/platform/connection-gone.ts';
import { ServedSocket } from '../../src/platform/served-socket.ts';

/** More than the system holds for a peer that does not read. */
const LARGE = Buffer.alloc(32 * 1024 * 1024);

async function served(t: TestContext): Promise<{ line: ServedSocket<'idle'>; peer: Socket; happened: string[] }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  peer.on('error', () => undefined);
  const [raw] = (await once(server, 'connection')) as [Socket];
  server.close();
  t.after(() => {
    peer.destroy();
    raw.destroy();
  });
  const happened: string[] = [];
  const note = (what: string) => () => void happened.push(what);
  const on = { data: note('data'), ended: note('ended'), closed: note('closed'), tlsFailed: note('tls failed') };
  const line = new ServedSocket<'idle'>(raw, { at: 100, ending: 'idle' }, on);
  line.listen();
  return { line, peer, happened };
}

test('a peer that does not read has until the time that is given, and what was due before stands again when it reads', async (t) => {
  const { line, peer } = await served(t);
  line.raw.write(LARGE);
  const room = line.room(30);
  assert.deepEqual([line.due, line.dueEnding], [30, 'stalled']);
  peer.resume();
  await room;
  assert.deepEqual([line.due, line.dueEnding], [100, 'idle']);
});

test('where there is room nothing is waited for and the deadline stays', async (t) => {
  const { line } = await served(t);
  line.raw.write('few');
  await line.room(30);
  assert.deepEqual([line.due, line.dueEnding], [100, 'idle']);
});

test('whoever waits for room hears that the peer has gone, its signal is aborted, and the end is told once', async (t) => {
  const { line, peer, happened } = await served(t);
  const { signal } = line;
  line.raw.write(LARGE);
  const room = line.room(30);
  peer.destroy();
  await assert.rejects(room, ConnectionGone);
  assert.equal(signal.aborted, true);
  assert.equal(line.signal.aborted, true);
  assert.throws(() => line.mustBeThere(), ConnectionGone);
  assert.deepEqual(
    happened.filter((what) => what === 'closed'),
    ['closed'],
  );
});
