/**
 * The least that a server on Node can do for a message that must be durable. It speaks TLS, gives
 * fixed answers of SMTP, appends the message to a file, and syncs the file before the 250. Messages
 * that arrive during a sync share the next one. It checks nobody and examines nothing.
 *
 *   node floor.js KEY CERTIFICATE FILE      prints its port; ends with its standard input
 */
import { fdatasync, openSync, readFileSync, writev } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { type TLSSocket, createServer } from 'node:tls';

const END = Buffer.from('\r\n.\r\n');
const ANSWERS: Readonly<Record<string, string>> = {
  EHLO: '250-floor\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250 AUTH PLAIN\r\n',
  AUTH: '235 2.7.0 OK\r\n',
  MAIL: '250 2.1.0 OK\r\n',
  RCPT: '250 2.1.5 OK\r\n',
  DATA: '354 go ahead\r\n',
  QUIT: '221 2.0.0 bye\r\n',
};

const [key = '', certificate = '', path = ''] = process.argv.slice(2);
const file = openSync(path, 'w');
let waiting: { readonly pieces: readonly Buffer[]; readonly stored: () => void }[] = [];
let syncing = false;

function store(): void {
  if (syncing || waiting.length === 0) return;
  syncing = true;
  const group = waiting;
  waiting = [];
  const stop = (error: Error | null): void => {
    if (error !== null) throw error;
  };
  const pieces = group.flatMap((message) => message.pieces);
  writev(file, pieces, (error) => {
    stop(error);
    fdatasync(file, (failed) => {
      stop(failed);
      for (const message of group) message.stored();
      syncing = false;
      store();
    });
  });
}

function serve(socket: TLSSocket): void {
  let line = '';
  let message: Buffer[] | undefined;
  /** The last octets so far, since the final dot may come in two pieces. */
  let last = Buffer.alloc(0);
  const take = (piece: Buffer): void => {
    message?.push(piece);
    last = Buffer.concat([last, piece.subarray(-END.length)]).subarray(-END.length);
    if (!last.equals(END)) return;
    waiting.push({ pieces: message ?? [], stored: () => socket.write('250 2.0.0 filed\r\n') });
    message = undefined;
    store();
  };
  const obey = (command: string): void => {
    const verb = command.slice(0, 4).toUpperCase();
    socket.write(ANSWERS[verb] ?? '500 5.5.1 no such command\r\n');
    if (verb === 'QUIT') socket.end();
    if (verb !== 'DATA') return;
    message = [];
    last = Buffer.alloc(0);
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece: Buffer) => {
    if (message !== undefined) return take(piece);
    line += piece.toString('latin1');
    for (let end = line.indexOf('\r\n'); end >= 0; end = line.indexOf('\r\n')) {
      const command = line.slice(0, end);
      line = line.slice(end + 2);
      obey(command);
    }
  });
  socket.write('220 floor\r\n');
}

const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate), noDelay: true }, serve);
server.listen(0, '127.0.0.1', () => console.log(String((server.address() as AddressInfo).port)));
process.stdin.once('end', () => process.exit()).resume();
