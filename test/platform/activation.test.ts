import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handedSockets } from '../../src/platform/activation.ts';
import { ListenerRefused } from '../../src/platform/listener.ts';

const env = (fds: string, names?: string): NodeJS.ProcessEnv => ({
  LISTEN_PID: '42',
  LISTEN_FDS: fds,
  ...(names === undefined ? {} : { LISTEN_FDNAMES: names }),
  PATH: '/bin',
});

test('sockets go by their names, from descriptor 3 on, and no program of ours sees them', () => {
  const given = env('2', 'submission:pop3s');
  assert.deepEqual(
    [...handedSockets(given, 42)],
    [
      ['submission', 3],
      ['pop3s', 4],
    ],
  );
  assert.deepEqual(given, { PATH: '/bin' });
});

test('none for another process, and none without a service manager', () => {
  assert.equal(handedSockets(env('2', 'submission:pop3s'), 43).size, 0);
  assert.equal(handedSockets({}, 42).size, 0);
  assert.equal(handedSockets(env('0'), 42).size, 0);
});

test('what cannot be told apart is refused with a remedy', () => {
  for (const given of [env('2'), env('2', 'one'), env('-1'), env('x', 'a'), env('65', 'a:'.repeat(65).slice(0, -1))])
    assert.throws(
      () => handedSockets(given, 42),
      (error: unknown) =>
        error instanceof ListenerRefused && /expected at most 64 sockets.*FileDescriptorName=/.test(error.message),
    );
  assert.throws(() => handedSockets(env('2', 'pop3:pop3'), 42), /two are called "pop3"; give each listener one socket/);
});
