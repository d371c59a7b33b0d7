import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import {
  type ConnectionOptions,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
  connect,
  createServer,
} from 'node:tls';
import type { DevelopmentCertificates } from '../../src/crypto/development-ca.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/development-ca.ts';
import { instant } from '../../src/domain/units.ts';
import { serverTlsOptions } from '../../src/platform/tls.ts';
import { testCertificates } from '../support/certificates.ts';

let made: DevelopmentCertificates;
let strict: Server;
let lax: Server;

const listen = async (options: SecureContextOptions): Promise<Server> => {
  const server = createServer(options, (socket) => socket.on('error', () => undefined).resume());
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

/** Resolves to the socket, or to the error code of the failed handshake. */
const handshake = (server: Server, options: ConnectionOptions): Promise<TLSSocket | string> =>
  new Promise((resolve) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', servername: 'mail.test', ca: made.ca.certificate, ...options });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });

before(async () => {
  made = await testCertificates();
  const { key, certificate } = made.server;
  strict = await listen(serverTlsOptions(made.server, instant(Date.now())));
  // The control: what a client is refused below, a server without the policy gives it.
  lax = await listen({ key, cert: certificate, minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' });
});

after(() => {
  strict.close();
  lax.close();
});

const refusedByPolicy = async (options: ConnectionOptions): Promise<void> => {
  const control = await handshake(lax, options);
  assert.ok(typeof control !== 'string', 'the control server should take it');
  control.destroy();
  const refused = await handshake(strict, options);
  assert.ok(typeof refused === 'string', 'the policy should refuse it');
  assert.match(refused, /ALERT|ECONNRESET|PROTOCOL/);
};

test('a TLS 1.1 client is refused in the handshake', () =>
  refusedByPolicy({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }));

test('a client that offers only CBC suites is refused in the handshake', () =>
  refusedByPolicy({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA256' }));

test('TLS 1.2 with forward secrecy and TLS 1.3 are taken', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await handshake(strict, { maxVersion });
    assert.ok(typeof socket !== 'string', 'the handshake failed');
    assert.equal(socket.getProtocol(), maxVersion);
    assert.match(socket.getCipher().name, /GCM|CHACHA20/);
    socket.destroy();
  }
});

test('a client cannot renegotiate', async () => {
  const renegotiate = async (server: Server): Promise<string | undefined> => {
    const socket = await handshake(server, { maxVersion: 'TLSv1.2' });
    assert.ok(typeof socket !== 'string', 'the handshake failed');
    const ended = new Promise<string | undefined>((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.renegotiate({}, (error) => resolve(error === null ? undefined : (error as NodeJS.ErrnoException).code));
    });
    const code = await ended;
    socket.destroy();
    return code;
  };
  assert.equal(await renegotiate(lax), undefined);
  assert.match((await renegotiate(strict)) ?? 'none', /NO_RENEGOTIATION/);
});

test('serverTlsOptions() refuses material that cannot be served and says what to do', async () => {
  const other = await makeDevelopmentCertificates(['other.test'], instant(Date.now()));
  const { key, certificate } = made.server;
  const now = instant(Date.now());
  const cases: [{ key: string; certificate: string }, RegExp][] = [
    [{ key: '', certificate }, /TLS key: it is missing; set the path/],
    [{ key, certificate: ' \n' }, /TLS certificate: it is missing; set the path/],
    [{ key: 'no key', certificate }, /not a PEM private key/],
    [{ key, certificate: key }, /not a PEM certificate/],
    [{ key: other.server.key, certificate }, /\(CN=mail\.test\) does not belong to the key/],
    [{ key, certificate: made.ca.certificate + certificate }, /put the server's own certificate first/],
  ];
  for (const [material, expected] of cases)
    assert.throws(() => serverTlsOptions(material, now), { name: 'TlsMaterialError', message: expected });
  assert.throws(() => serverTlsOptions(made.server, instant(Date.UTC(2040, 0, 1))), {
    name: 'TlsMaterialError',
    message: /\(CN=mail\.test\) expired on 20\d\d-\d\d-\d\d, a valid one is required; replace the file/,
  });
  assert.equal(serverTlsOptions(made.server, now).cert, certificate);
});
