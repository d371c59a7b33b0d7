/** HTTP over TLS as no library would send it. */
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { type TLSSocket, connect } from 'node:tls';
import type { ApiTarget } from './api.ts';

export async function raw(t: TestContext, { port, ca }: ApiTarget, text: string | Buffer): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca, servername: 'mail.test' });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write(text);
  return socket;
}

export function heard(socket: TLSSocket): { text: string; closed: Promise<void> } {
  const told = { text: '', closed: new Promise<void>((resolve) => socket.once('close', () => resolve())) };
  socket.setEncoding('latin1').on('data', (piece: string) => (told.text += piece));
  return told;
}

/** Everything that arrives until the connection is closed. */
export async function said(t: TestContext, api: ApiTarget, text: string | Buffer): Promise<string> {
  const told = heard(await raw(t, api, text));
  await told.closed;
  return told.text;
}
export const statusesOf = (text: string): readonly number[] =>
  [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
