/** The client's end of POP3 against a server that says what a test wants. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { openPop3 } from '../../../src/takeover/source/pop3.ts';
import type { Pop3Server } from '../../../src/takeover/source/pop3-connection.ts';
import { SourceError } from '../../../src/takeover/source/source.ts';
import { testCertificates } from '../../support/certificates.ts';

/** Answers commands from a table; what is written in pieces of one octet must be read the same. */
async function server(
  t: TestContext,
  answers: Readonly<Record<string, string>>,
  piece = 1000,
): Promise<{ server: Pop3Server; said: string[] }> {
  const { server: material, ca } = await testCertificates();
  const said: string[] = [];
  const tls = createTlsServer({ key: material.key, cert: material.certificate }, (socket) => {
    const send = (text: string): void => {
      const octets = Buffer.from(text, 'latin1');
      for (let at = 0; at < octets.length; at += piece) socket.write(octets.subarray(at, at + piece));
    };
    socket.on('error', () => undefined);
    send('+OK hello\r\n');
    let held = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (held + text).split('\r\n');
      held = lines.pop() ?? '';
      for (const line of lines) {
        said.push(line);
        send(answers[line] ?? '-ERR unknown\r\n');
      }
    });
  });
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  t.after(() => tls.close());
  return {
    server: { host: 'localhost', port: (tls.address() as AddressInfo).port, tls: 'implicit', ca: ca.certificate },
    said,
  };
}

const login = { user: 'anna', password: 'geheim' };
const usual = {
  'USER anna': '+OK\r\n',
  'PASS geheim': '+OK 3 messages\r\n',
  UIDL: '+OK\r\n1 a\r\n2  b~!\r\n3 c\r\n.\r\n',
  'RETR 1': '+OK\r\nSubject: x\r\n\r\n..dot\r\n...\r\n.x\r\n\r\n.\r\n',
  'RETR 2': '+OK\r\n.\r\n',
  'RETR 3': `+OK\r\n${'y'.repeat(300_000)}\r\n..\r\n.\r\n`,
};

async function read(content: AsyncIterable<Buffer>): Promise<string> {
  const slices: Buffer[] = [];
  for await (const slice of content) slices.push(Buffer.from(slice));
  return Buffer.concat(slices).toString('latin1');
}

const refused = (pattern: RegExp) => (error: unknown) => {
  assert(error instanceof SourceError, String(error));
  assert.match(error.message, pattern);
  assert.doesNotMatch(error.message, /geheim/);
  return true;
};

for (const piece of [1, 3, 70_000])
  test(`UIDLs and messages come out as they were, in pieces of ${piece}`, async (t) => {
    const answers = piece === 1 ? { ...usual, 'RETR 3': '+OK\r\ny\r\n..\r\n.\r\n' } : usual;
    const { server: at } = await server(t, answers, piece);
    const source = await openPop3({ ...at, host: '127.0.0.1', pin: await pin() }, login);
    t.after(() => source.close());
    assert.deepEqual(
      source.messages.map(({ uidl }) => uidl),
      ['a', 'b~!', 'c'],
    );
    const [one, two, three] = source.messages;
    assert.equal(await read(one!.read()), 'Subject: x\r\n\r\n.dot\r\n..\r\nx\r\n\r\n');
    assert.equal(await read(two!.read()), '');
    assert.equal(await read(three!.read()), piece === 1 ? 'y\r\n.\r\n' : `${'y'.repeat(300_000)}\r\n.\r\n`);
    assert.equal(await read(one!.read()), 'Subject: x\r\n\r\n.dot\r\n..\r\nx\r\n\r\n');
  });

async function pin(): Promise<string> {
  const { server: material } = await testCertificates();
  const { X509Certificate } = await import('node:crypto');
  return new X509Certificate(material.certificate).fingerprint256.replace(/:/g, '').toLowerCase();
}

test('a server without USER is logged in to by AUTH PLAIN', async (t) => {
  const { server: at, said } = await server(t, {
    ...usual,
    CAPA: '+OK\r\nSASL LOGIN PLAIN\r\nUIDL\r\n.\r\n',
    'AUTH PLAIN': '+ \r\n',
    [Buffer.from('\0anna\0geheim').toString('base64')]: '+OK\r\n',
  });
  const source = await openPop3({ ...at, host: '127.0.0.1', pin: await pin() }, login);
  await source.close();
  assert(!said.some((line) => line.startsWith('USER')));
});

test('DELE is said of what is wanted and only QUIT makes it so', async (t) => {
  const { server: at, said } = await server(t, { ...usual, 'DELE 1': '+OK\r\n', 'DELE 3': '+OK\r\n', QUIT: '+OK\r\n' });
  const source = await openPop3({ ...at, host: '127.0.0.1', pin: await pin() }, login);
  assert.equal(await source.delete?.(new Set(['a', 'c', 'elsewhere'])), 2);
  assert.deepEqual(said.slice(-3), ['DELE 1', 'DELE 3', 'QUIT']);
  await source.close();
});

test('what goes wrong names the server, the command and the answer, and no password', async (t) => {
  const opening = async (answers: Record<string, string>, more: Partial<Pop3Server> = {}): Promise<void> => {
    const { server: at } = await server(t, answers);
    const source = await openPop3({ ...at, host: '127.0.0.1', pin: await pin(), ...more }, login);
    await source.close();
  };
  await assert.rejects(
    opening({ ...usual, 'PASS geheim': '-ERR wrong\r\n' }),
    refused(/at PASS, it answered "-ERR wrong"/),
  );
  await assert.rejects(opening({ ...usual, UIDL: '-ERR what?\r\n' }), refused(/at UIDL, it answered/));
  await assert.rejects(
    opening({ ...usual, UIDL: '+OK\r\nnonsense\r\n.\r\n' }),
    refused(/expected the number of a message/),
  );
  await assert.rejects(opening({ ...usual, CAPA: `+OK${' x'.repeat(5000)}` }), refused(/longer than 4096 octets/));
  await assert.rejects(opening(usual, { pin: '0'.repeat(64) }), refused(/fingerprint [0-9a-f]{64}; expected 0{64}/));
  const { pin: _, ...unpinned } = { pin: '' };
  const { server: at } = await server(t, usual);
  await assert.rejects(
    openPop3({ ...at, ...unpinned, ca: undefined as never }, login),
    refused(/--ca, or the certificate itself with --pin/),
  );
});

test('a server that falls silent is given up, and plain text behind STLS is refused', async (t) => {
  const silent = createServer((socket) => void socket.on('error', () => undefined));
  const hasty = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('+OK\r\n');
    socket.once('data', () => socket.write('+OK\r\n+OK logged in\r\n'));
  });
  const port = async (listening: typeof silent): Promise<number> => {
    listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    t.after(() => listening.close());
    return (listening.address() as AddressInfo).port;
  };
  const at = { host: '127.0.0.1', tls: 'stls' as const };
  await assert.rejects(
    openPop3({ ...at, port: await port(silent), patience: 50 }, login),
    refused(/at the greeting, it said nothing for 0\.05 s/),
  );
  await assert.rejects(openPop3({ ...at, port: await port(hasty) }, login), refused(/it sent more in plain text/));
});
