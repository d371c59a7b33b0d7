import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { TLSSocket, connect, createSecureContext } from 'node:tls';
import { canBind, tlsExporter } from '../../src/platform/channel-binding.ts';
import { clientCertificateRequest, shownChain } from '../../src/platform/client-certificate.ts';
import { openTls, safeToAsk, tlsLine } from '../../src/platform/tls-line.ts';
import { testCertificates } from '../support/certificates.ts';

test('TLS is asked while it is there, and not when the socket below it went first', async (t) => {
  const { server: material, ca } = await testCertificates();
  const secureContext = createSecureContext({ key: material.key, cert: material.certificate });
  const answers = new EventEmitter();
  const [open, close] = [once(answers, 'open'), once(answers, 'close')];
  const server = createServer((below) => {
    const secure = new TLSSocket(below, { isServer: true, secureContext, ...clientCertificateRequest });
    safeToAsk(secure);
    const asked = (): unknown[] => [
      tlsLine(secure),
      secure.getProtocol(),
      canBind(secure),
      tlsExporter(secure)?.length,
      shownChain(secure),
      openTls(secure) === secure,
    ];
    secure.once('secure', () => {
      answers.emit('open', ...asked(), tlsLine(below), openTls(undefined));
      below.destroy();
    });
    // Here each of these would end the process without the guard: the handle is there still, its
    // SSL is not.
    secure.once('close', () => answers.emit('close', ...asked()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', ca: ca.certificate, servername: 'mail.test' });
  client.on('error', () => undefined).resume();
  assert.deepEqual(await open, [
    { tls: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    'TLSv1.3',
    true,
    32,
    undefined,
    true,
    undefined,
    undefined,
  ]);
  assert.deepEqual(await close, [undefined, null, false, undefined, undefined, false]);
});
