import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { Wire, WireEnded, trusting } from './wire.ts';

/**
 * A server that sends `text` in pieces of `size` octets, each in a packet of its own, and then
 * ends.
 */
async function saying<T>(text: string, size: number, use: (wire: Wire) => Promise<T>): Promise<T> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    const octets = Buffer.from(text, 'latin1');
    let at = 0;
    const next = (): void => {
      if (at >= octets.length) return void socket.end();
      socket.write(octets.subarray(at, at + size));
      at += size;
      setImmediate(next);
    };
    next();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const wire = await Wire.open({ port, tls: 'starttls', servername: 'mail.test', context: trusting('') });
  try {
    return await use(wire);
  } finally {
    wire.destroy();
    server.close();
  }
}

const readAll = async (wire: Wire): Promise<readonly [string, string, string]> => {
  const first = await wire.line();
  const slices: Buffer[] = [];
  await wire.message((slice) => slices.push(Buffer.from(slice)));
  return [first, Buffer.concat(slices).toString('latin1'), await wire.line()];
};

test('message() un-stuffs and ends at the lone dot, however the octets are cut into packets', async () => {
  const text = '+OK\r\n..a\r\nb.\r\n....\r\n\r\n..\r\nend\r\n.\r\n+OK next\r\n';
  for (let size = 1; size <= text.length; size++)
    assert.deepEqual(await saying(text, size, readAll), ['+OK', '.a\r\nb.\r\n...\r\n\r\n.\r\nend\r\n', '+OK next']);
});

test('message() reads an empty message', async () => {
  for (const size of [1, 2, 3, 100])
    assert.deepEqual(await saying('+OK\r\n.\r\n+OK\r\n', size, readAll), ['+OK', '', '+OK']);
});

test('message() refuses a line that starts with a dot and was not stuffed', async () => {
  await assert.rejects(saying('+OK\r\n.x\r\n.\r\n', 100, readAll), /not stuffed/);
});

test('line() and message() say when the connection ended in the middle', async () => {
  await assert.rejects(saying('+OK', 100, readAll), WireEnded);
  await assert.rejects(saying('+OK\r\nhalf a message\r\n', 100, readAll), WireEnded);
});
