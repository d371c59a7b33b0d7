/**
 * Mail servers of partners for measurements. They do as little work as SMTP with STARTTLS allows,
 * in a process of their own.
 *
 * The parent sends `{ key, certificate, servers }` and gets `{ ports }`. When it has sent `{ expect
 * }`, it gets `{ arrived: [first, last] }` as soon as so many messages have come. The times are
 * milliseconds of the clock of `performance.timeOrigin`, so they mean the same in both processes.
 */
import { type Socket, createServer } from 'node:net';
import { TLSSocket, createSecureContext } from 'node:tls';

export interface SinkOptions {
  readonly key: string;
  readonly certificate: string;
  readonly servers: number;
}
export type SinkHears = { readonly open: SinkOptions } | { readonly expect: number };
export type SinkSays =
  { readonly ports: readonly number[] } | { readonly arrived: readonly [number, number]; readonly connections: number };

let expected = 0;
let taken = 0;
let first = 0;
let connections = 0;
const now = (): number => performance.timeOrigin + performance.now();
const say = (message: SinkSays): void => void process.send?.(message);

function arrived(): void {
  taken += 1;
  if (taken === 1) first = now();
  if (taken === expected) say({ arrived: [first, now()], connections });
}

/** One side of a session: lines until DATA, then octets until the final dot. */
function converse(socket: Socket, secured: boolean, startTls: (socket: Socket) => void): void {
  let inContent = false;
  let held = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    held += chunk.toString('latin1');
    for (;;) {
      if (inContent) {
        const end = held.indexOf('\r\n.\r\n');
        if (end < 0) {
          held = held.slice(-4);
          return;
        }
        held = held.slice(end + 5);
        inContent = false;
        arrived();
        socket.write('250 2.0.0 taken\r\n');
        continue;
      }
      const end = held.indexOf('\r\n');
      if (end < 0) return;
      const verb = (held.slice(0, end).split(' ', 1)[0] ?? '').toUpperCase();
      held = held.slice(end + 2);
      if (verb === 'STARTTLS') {
        socket.removeAllListeners('data');
        socket.write('220 2.0.0 go ahead\r\n');
        startTls(socket);
        return;
      }
      if (verb === 'DATA') inContent = true;
      socket.write(replyTo(verb, secured));
      if (verb === 'QUIT') socket.end();
    }
  });
}

function replyTo(verb: string, secured: boolean): string {
  switch (verb) {
    case 'EHLO':
      return `250-sink.test\r\n${secured ? '' : '250-STARTTLS\r\n'}250-PIPELINING\r\n250-SIZE 100000000\r\n250-DSN\r\n250 8BITMIME\r\n`;
    case 'DATA':
      return '354 go ahead\r\n';
    case 'QUIT':
      return '221 2.0.0 bye\r\n';
    default:
      return '250 2.0.0 ok\r\n';
  }
}

async function open({ key, certificate, servers }: SinkOptions): Promise<number[]> {
  const secureContext = createSecureContext({ key, cert: certificate });
  const startTls = (socket: Socket): void =>
    converse(new TLSSocket(socket, { isServer: true, secureContext }), true, () => undefined);
  const ports: number[] = [];
  for (let i = 0; i < servers; i += 1) {
    const server = createServer((socket) => {
      connections += 1;
      socket.setNoDelay(true);
      socket.write('220 sink.test ESMTP\r\n');
      converse(socket, false, startTls);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address !== null && typeof address !== 'string') ports.push(address.port);
  }
  return ports;
}

process.on('message', (message: SinkHears) => {
  if ('open' in message) void open(message.open).then((ports) => say({ ports }));
  else {
    expected = message.expect;
    taken = 0;
    connections = 0;
  }
});
process.on('disconnect', () => process.exit(0));
