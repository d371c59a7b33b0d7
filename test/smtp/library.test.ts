import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';

// What src/smtp relies on beyond the documented interface of smtp-server. A new version that breaks
// one of these fails here first, and must be read before it is used.

test('the version is the one that was read', () => {
  const require = createRequire(import.meta.url);
  const { version } = JSON.parse(readFileSync(require.resolve('smtp-server/package.json'), 'utf8')) as {
    version: string;
  };
  assert.equal(version, '3.21.6');
});

test('the methods that we override or call exist, with the parameters we know', () => {
  const methods = (of: object, names: Readonly<Record<string, number>>): void => {
    for (const [name, parameters] of Object.entries(names)) {
      const method = (of as Record<string, unknown>)[name];
      assert.equal(typeof method, 'function', name);
      assert.equal((method as (...a: unknown[]) => unknown).length, parameters, name);
    }
  };
  methods(SMTPConnection.prototype, {
    init: 0,
    connectionReady: 1,
    send: 3,
    close: 0,
    upgrade: 2,
    _createParser: 0,
    _setListeners: 1,
    _armTimeout: 0,
    _onClose: 0,
    _onCommand: 2,
    _resetSession: 0,
    handler_EHLO: 2,
    handler_HELO: 2,
    handler_AUTH: 2,
    handler_MAIL: 2,
    handler_RCPT: 2,
    handler_DATA: 2,
    handler_RSET: 2,
    handler_NOOP: 2,
    handler_QUIT: 2,
    handler_VRFY: 2,
    handler_HELP: 2,
    handler_STARTTLS: 2,
  });
  methods(SMTPServer.prototype, { connect: 2, updateSecureContext: 1, _acceptSocket: 2, _upgrade: 2, _onError: 1 });
  methods(SMTPStream.prototype, { _write: 3, _flushData: 0 });
});

test('a connection starts with the fields we read', () => {
  const server = new SMTPServer({ logger: false, disabledCommands: ['STARTTLS'] });
  assert.deepEqual([server.connections.size, server._pendingSockets.size], [0, 0]);
  const socket = { setNoDelay: () => undefined } as unknown as SMTPConnection['_socket'];
  const connection = new SMTPConnection(server, socket);
  const {
    _ready,
    _upgrading,
    _nextHandler,
    _closing,
    _closed,
    _handlerPending,
    openingCommand,
    hostNameAppearsAs,
    secure,
  } = connection;
  assert.deepEqual(
    { _ready, _upgrading, _nextHandler, _closing, _closed, _handlerPending, openingCommand, hostNameAppearsAs, secure },
    {
      _ready: false,
      _upgrading: false,
      _nextHandler: false,
      _closing: false,
      _closed: false,
      _handlerPending: false,
      openingCommand: false,
      hostNameAppearsAs: false,
      secure: false,
    },
  );
  assert.ok(connection.id.length >= 16);
});
