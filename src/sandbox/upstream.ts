/**
 * Connections of the sandbox to the gateway behind it, and to the mailbox of the program under
 * test: to see what lies there, and to empty it.
 */
import { type TLSSocket, connect } from 'node:tls';
import { clientTlsOptions } from '../platform/tls.ts';
import { Peer } from './peer.ts';

/** The gateway that stands behind the doors. */
export interface Behind {
  readonly host: string;
  /** Ports with TLS from the first octet. */
  readonly ports: { readonly submissions: number; readonly pop3s: number; readonly api: number };
  /** PEM. */
  readonly ca: string;
}

const CONNECT = 20_000;

export async function reach({ host, ca }: Behind, port: number, now: () => number): Promise<Peer> {
  const socket: TLSSocket = connect({ ...clientTlsOptions, host: '127.0.0.1', servername: host, port, ca });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('the gateway does not answer')), CONNECT);
    const failed = (error?: Error): void => {
      clearTimeout(timer);
      reject(error instanceof Error ? error : new Error('the gateway ended the connection'));
    };
    socket.once('error', failed).once('close', failed);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', failed).off('close', failed);
      resolve();
    });
  });
  return new Peer(socket, now);
}

const ok = async (peer: Peer, command: string): Promise<string> => {
  await peer.write(`${command}\r\n`);
  const line = await peer.line();
  if (line?.text.startsWith('+OK') !== true)
    throw new Error(`The gateway of the sandbox answered ${line?.text ?? 'nothing'} to ${command.split(' ')[0] ?? ''}`);
  return line.text;
};

/** Numbers and unique ids (RFC 1939 section 7) of an open session. */
export async function uidsOf(peer: Peer): Promise<Map<string, string>> {
  await ok(peer, 'UIDL');
  const uids = new Map<string, string>();
  for (;;) {
    const line = await peer.line();
    if (line === undefined || line.text === '.') return uids;
    const [number = '', uid = ''] = line.text.split(' ');
    uids.set(number, uid);
  }
}

async function fetched(peer: Peer, number: string): Promise<void> {
  await ok(peer, `RETR ${number}`);
  for (let line = await peer.line(); line !== undefined && line.text !== '.'; line = await peer.line());
}

/**
 * What lies in a mailbox, oldest first, after all for which `remove` says so were taken out;
 * `collects`: and fetched before. Waits, a second at a time, where a session has it.
 */
export async function mailbox(
  behind: Behind,
  who: { readonly login: string; readonly password: string },
  now: () => number,
  remove: (uid: string) => boolean = () => false,
  collects = false,
): Promise<readonly string[]> {
  for (let tries = 0; ; tries++) {
    const peer = await reach(behind, behind.ports.pop3s, now);
    try {
      await peer.line();
      await ok(peer, `USER ${who.login}`);
      await peer.write(`PASS ${who.password}\r\n`);
      const login = await peer.line();
      if (login?.text.startsWith('+OK') !== true) {
        if (login?.text.includes('[IN-USE]') !== true || tries > 40)
          throw new Error(`The mailbox of the sandbox cannot be opened: ${login?.text ?? 'no answer'}`);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        continue;
      }
      const left: string[] = [];
      for (const [number, uid] of await uidsOf(peer))
        if (remove(uid)) {
          if (collects) await fetched(peer, number);
          await ok(peer, `DELE ${number}`);
        } else left.push(uid);
      await ok(peer, 'QUIT');
      return left;
    } finally {
      peer.cut();
    }
  }
}
