import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
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
import type { DevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { instant } from '../../src/domain/units.ts';
import type { TlsMaterial, TlsProfile } from '../../src/platform/listener.ts';
import { TICKET_KEY, keyExchanges, postQuantumWarning, serverTlsOptions } from '../../src/platform/tls.ts';
import { testCertificates } from '../support/certificates.ts';
import { present } from '../support/require.ts';

let made: DevelopmentCertificates;
let strict: Server;
let modern: Server;
let legacy: Server;
let rsa: TlsMaterial;
let lax: Server;

const listen = async (options: SecureContextOptions): Promise<Server> => {
  const server = createServer(options, (socket) => socket.on('error', () => undefined).resume());
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

const refusalOf = async (server: Server, options: ConnectionOptions): Promise<string> => {
  const socket = await handshake(server, options);
  if (typeof socket === 'string') return socket;
  socket.destroy();
  return 'taken';
};

const takenBy = async (server: Server, options: ConnectionOptions): Promise<TLSSocket> => {
  const socket = await handshake(server, options);
  assert.ok(
    typeof socket !== 'string',
    `${JSON.stringify(options)}: the handshake failed with ${typeof socket === 'string' ? socket : ''}`,
  );
  return socket;
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
  strict = await listen(serverTlsOptions([made.server], instant(Date.now())));
  rsa = await made.rsa();
  modern = await listen(serverTlsOptions([made.server, rsa], instant(Date.now()), 'modern'));
  legacy = await listen(serverTlsOptions([made.server, rsa], instant(Date.now()), 'legacy'));
  // The control: what a client is refused below, a server without the policy gives it.
  lax = await listen({ key, cert: certificate, minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' });
});

after(() => {
  strict.close();
  modern.close();
  legacy.close();
  lax.close();
});

const groups = spawnSync('openssl', ['list', '-tls-groups'], { encoding: 'utf8' });
const skip = present(
  'openssl 3.5',
  groups.stdout.includes('X25519MLKEM768'),
  'install the package openssl of Debian 13',
);

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

const cbc = ['ECDHE-ECDSA-AES256-SHA384', 'ECDHE-RSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA'];

test(
  'a client of TLS 1.3 that offers nothing but X25519MLKEM768 is taken, and openssl agrees on it by itself',
  { skip },
  async () => {
    for (const server of [strict, modern, legacy]) {
      const socket = await handshake(server, { ecdhCurve: 'X25519MLKEM768' });
      assert.ok(typeof socket !== 'string', 'the handshake failed');
      socket.destroy();
    }
    const { port } = strict.address() as AddressInfo;
    const peer = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-groups', 'X25519:X25519MLKEM768']);
    let said = '';
    peer.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    peer.stdin.end();
    await once(peer, 'close');
    // The client asks for X25519 first, and sends its half of that alone: it is our order that
    // counts.
    assert.match(said, /^Negotiated TLS1\.3 group: X25519MLKEM768$/m);
    // Older clients go on with what they know.
    for (const ecdhCurve of ['X25519', 'prime256v1', 'secp384r1']) {
      const socket = await handshake(strict, { ecdhCurve });
      assert.ok(typeof socket !== 'string', ecdhCurve);
      socket.destroy();
    }
  },
);

test('an OpenSSL without X25519MLKEM768 is said', () => {
  assert.equal(keyExchanges[0], 'X25519MLKEM768');
  assert.equal(postQuantumWarning(), undefined);
  assert.match(postQuantumWarning(keyExchanges.slice(1)) ?? '', /has no X25519MLKEM768: .*; OpenSSL 3\.5 has it$/);
});

test('the profile modern takes TLS 1.3 alone', async () => {
  const taken = await handshake(modern, {});
  assert.ok(typeof taken !== 'string', 'the handshake failed');
  assert.equal(taken.getProtocol(), 'TLSv1.3');
  taken.destroy();
  assert.match(await refusalOf(modern, { maxVersion: 'TLSv1.2' }), /ALERT|PROTOCOL/);
});

test('the profile legacy takes CBC suites of TLS 1.2, after the newer ones, and nothing without forward secrecy', async () => {
  for (const ciphers of cbc) {
    (await takenBy(legacy, { maxVersion: 'TLSv1.2', ciphers })).destroy();
  }
  const both = await handshake(legacy, {
    maxVersion: 'TLSv1.2',
    ciphers: `${cbc.join(':')}:ECDHE-RSA-AES128-GCM-SHA256`,
  });
  assert.ok(typeof both !== 'string', 'the handshake failed');
  assert.equal(both.getCipher().name, 'ECDHE-RSA-AES128-GCM-SHA256');
  both.destroy();
  for (const options of [
    { maxVersion: 'TLSv1.2', ciphers: 'AES256-SHA:AES128-GCM-SHA256' },
    { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES256-SHA256' },
    { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' },
  ] as const)
    assert.match(await refusalOf(legacy, options), /ALERT|PROTOCOL/, JSON.stringify(options));
});

test('of two certificates each client gets the one whose key it knows', async () => {
  for (const [algorithms, type] of [
    ['ecdsa_secp256r1_sha256', 'ec'],
    ['rsa_pss_rsae_sha256:rsa_pkcs1_sha256', 'rsa'],
  ] as const) {
    for (const server of [modern, legacy]) {
      // The chain's own signature is ECDSA, which a client without it cannot check.
      const socket = await takenBy(server, { sigalgs: algorithms, rejectUnauthorized: false });
      assert.equal(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType, type);
      socket.destroy();
    }
  }
});

/** Connects with a session of before; true when the server resumed it. */
const resumes = async (server: Server, session: Buffer): Promise<boolean> => {
  const socket = await takenBy(server, { session, maxVersion: 'TLSv1.2' });
  const reused = socket.isSessionReused();
  socket.destroy();
  return reused;
};

/** A session of TLS 1.2 carries its ticket as soon as the handshake is done. */
const sessionOf = async (server: Server): Promise<Buffer> => {
  const socket = await handshake(server, { maxVersion: 'TLSv1.2' });
  assert.ok(typeof socket !== 'string', 'the handshake failed');
  const session = socket.getSession();
  socket.destroy();
  return session ?? assert.fail('there is no session');
};

test('a session of the profile legacy does not resume under a stricter one that shares its ticket key', async (t) => {
  const ticketKeys = Buffer.alloc(TICKET_KEY, 7);
  const open = async (profile: TlsProfile) => {
    const server = await listen({ ...serverTlsOptions([made.server], instant(Date.now()), profile), ticketKeys });
    t.after(() => server.close());
    return server;
  };
  const [one, two, other] = [await open('legacy'), await open('legacy'), await open('intermediate')];
  const session = await sessionOf(one);
  assert.equal(await resumes(two, session), true);
  assert.equal(await resumes(other, session), false);
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
  const second = await makeDevelopmentCertificates(['second.test'], now);
  assert.throws(() => serverTlsOptions([], now), /there is none/);
  assert.throws(() => serverTlsOptions([made.server, second.server], now), /two of them have a key of type EC/);
  assert.throws(
    () => serverTlsOptions([made.server, { key: rsa.key, certificate: second.server.certificate }], now),
    /\(CN=second\.test\) does not belong to the key/,
  );
  const cases: [{ key: string; certificate: string }, RegExp][] = [
    [{ key: '', certificate }, /TLS key: it is missing; set the path/],
    [{ key, certificate: ' \n' }, /TLS certificate: it is missing; set the path/],
    [{ key: 'no key', certificate }, /not a PEM private key/],
    [{ key, certificate: key }, /not a PEM certificate/],
    [{ key: other.server.key, certificate }, /\(CN=mail\.test\) does not belong to the key/],
    [{ key, certificate: made.ca.certificate + certificate }, /put the server's own certificate first/],
  ];
  for (const [material, expected] of cases)
    assert.throws(() => serverTlsOptions([material], now), { name: 'TlsMaterialError', message: expected });
  assert.throws(() => serverTlsOptions([made.server], instant(Date.UTC(2040, 0, 1))), {
    name: 'TlsMaterialError',
    message: /\(CN=mail\.test\) expired on 20\d\d-\d\d-\d\d, a valid one is required; replace the file/,
  });
  assert.deepEqual(serverTlsOptions([made.server], now).cert, [certificate]);
});
