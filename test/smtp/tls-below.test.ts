/**
 * The socket below TLS goes first. Node tells of that while SSL is freed already, and a question to
 * TLS then ends the process (SIGSEGV): one stranger would end the mail of all. In Node's own order
 * of things TLS goes first; these are the ways in which a peer can turn it round.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SmtpClient } from '../support/smtp-client.ts';
import { startSmtp } from '../support/smtp.ts';
import { trusting } from '../support/wire.ts';

const HEADER = 'PROXY TCP4 192.0.2.7 203.0.113.5 4000 465\r\n';
/** The beginning of a ClientHello. */
const HELLO = Buffer.from('160301020001', 'hex');

/** The server has accepted it. */
async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  return socket;
}

async function gone(socket: Socket): Promise<void> {
  socket.on('error', () => undefined).resume();
  if (!socket.closed) await once(socket, 'close');
}

for (const tls of ['implicit', 'starttls'] as const)
  test(`a connection that ends with its PROXY header ends alone (${tls})`, async (t) => {
    const smtp = await startSmtp(t, { tls, proxy: ['127.0.0.0/8'] });
    for (let round = 0; round < 20; round += 1) {
      const ways: ((socket: Socket) => unknown)[] = [
        (socket) => socket.end(HEADER),
        (socket) => socket.end(Buffer.concat([Buffer.from(HEADER), HELLO])),
        (socket) => socket.write(HEADER, () => socket.resetAndDestroy()),
        // What a load balancer does whose client is gone: data and reset come in one event, and the
        // data are read first.
        (socket) => socket.write(Buffer.concat([Buffer.from(HEADER), HELLO]), () => socket.resetAndDestroy()),
        (socket) => socket.write(Buffer.concat([Buffer.from(HEADER), HELLO]), () => socket.end()),
      ];
      await Promise.all(
        ways.map(async (way) => {
          const socket = await opened(smtp.port);
          way(socket);
          await gone(socket);
        }),
      );
    }
    assert.equal(smtp.log.names.filter((name) => name === 'smtp.failed').length, 0);
  });

test('a connection that ends before its handshake ends alone', async (t) => {
  const smtp = await startSmtp(t, { tls: 'implicit' });
  for (let round = 0; round < 20; round += 1)
    await Promise.all(
      Array.from({ length: 16 }, async (_, n) => {
        const socket = await opened(smtp.port);
        if (n % 3 === 0) socket.resetAndDestroy();
        else if (n % 3 === 1) socket.end();
        else socket.end(HELLO);
        await gone(socket);
      }),
    );
  const client = await SmtpClient.open(
    { port: smtp.port, tls: 'implicit', servername: 'mail.test', context: trusting(smtp.ca) },
    { login: 'alice', password: 'alice-pw' },
  );
  await client.quit();
});
