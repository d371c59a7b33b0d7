/**
 * An old POP3 server that gives wrong UIDLs, or drops the connection in the middle of a message.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TLSSocket, createServer as createTlsServer } from 'node:tls';
import type { Cleanup } from './store.ts';
import { testCertificates } from './certificates.ts';

export interface OldServer {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  /** RETR of this message drops the connection half way; 0: none does. */
  dropAt: number;
  /** This command drops the connection and gets no answer; empty: none does. */
  dropOn: string;
}

/** Any user name and password is right. `uidls` is called once for each session. */
export async function oldServer(t: Cleanup, uidls: () => readonly string[]): Promise<OldServer> {
  const { server: material, ca } = await testCertificates();
  const made = { port: 0, ca: ca.certificate, dropAt: 0, dropOn: '' };
  const sockets = new Set<TLSSocket>();
  const server = createTlsServer({ key: material.key, cert: material.certificate }, (socket) => {
    sockets.add(socket);
    const mine = uidls();
    const messageOf = (n: number): string =>
      `From: x@old.test\r\nSubject: ${mine[n - 1]}\r\n\r\n${'x'.repeat(2000)}\r\n`;
    const answer = (line: string): string => {
      const [verb = '', number = '0'] = line.split(' ');
      if (verb === 'UIDL') return `+OK\r\n${mine.map((uidl, i) => `${i + 1} ${uidl}\r\n`).join('')}.\r\n`;
      if (verb === 'STAT') return `+OK ${mine.length} ${mine.length * 2060}\r\n`;
      if (verb === 'RETR') return `+OK\r\n${messageOf(Number(number))}.\r\n`;
      return ['USER', 'PASS', 'QUIT', 'DELE'].includes(verb) ? '+OK\r\n' : '-ERR unknown\r\n';
    };
    socket.on('error', () => undefined).write('+OK hello\r\n');
    let held = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (held + text).split('\r\n');
      held = lines.pop() ?? '';
      for (const line of lines) {
        const said = answer(line);
        if (line === `RETR ${made.dropAt}`) socket.write(said.slice(0, 1000), () => socket.destroy());
        else if (made.dropOn !== '' && line.startsWith(made.dropOn)) socket.destroy();
        else socket.write(said);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  made.port = (server.address() as AddressInfo).port;
  return made;
}
