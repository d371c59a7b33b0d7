/**
 * A message that makes its reader crash: fetchmail, mpop and getmail are killed at it each time,
 * from inside their delivery agent. The gateway sets it aside and tells so; the program fetches the
 * rest. The message goes back octet for octet, under a UIDL of its own. (A delivery agent that
 * fails alone is no such thing: fetchmail and getmail get on behind the message by themselves then,
 * and say QUIT; test/pop3/stuck.test.ts.)
 */
// @beside
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MessageId } from '../../src/domain/ids.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send, subjectsOf } from '../support/mail.ts';
import { withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';
import { attempt } from './run.ts';
import { secretFile } from './senders.ts';

interface Victim {
  readonly apt: string;
  /** Arguments of one round; `mda`: its delivery agent. */
  arguments(home: string, mda: string, login: { readonly login: string; readonly password: string }): readonly string[];
}

let gateway: TestGateway;

const victims: Readonly<Record<string, Victim>> = {
  mpop: {
    apt: 'mpop',
    arguments: (home, mda, { login, password }) => [
      '-C',
      secretFile(home, 'mpoprc', [
        `account a\nhost 127.0.0.1\nport ${gateway.port('pop3s')}\nauth user\nuser ${login}\npassword ${password}`,
        `tls on\ntls_starttls off\ntls_certcheck off\nkeep on\nuidls_file ${join(home, 'uidls')}\ndelivery mda ${mda}`,
      ]),
      'a',
    ],
  },
  fetchmail: {
    apt: 'fetchmail',
    arguments: (home, mda, { login, password }) => [
      ...['--silent', '--pidfile', join(home, 'lock'), '--fetchmailrc'],
      secretFile(home, 'fetchmailrc', [
        `set idfile "${join(home, 'fetchids')}"`,
        `poll 127.0.0.1 protocol pop3 port ${gateway.port('pop3s')} timeout 30`,
        `  user "${login}" password "${password}" ssl no sslcertck no rewrite no keep mda "${mda}"`,
      ]),
    ],
  },
  getmail: {
    apt: 'getmail6',
    arguments: (home, mda, { login, password }) => {
      secretFile(home, 'getmailrc', [
        `[retriever]\ntype = SimplePOP3SSLRetriever\nserver = 127.0.0.1\nport = ${gateway.port('pop3s')}`,
        `username = ${login}\npassword = ${password}`,
        `[destination]\ntype = MDA_external\npath = ${mda}\nallow_root_commands = true`,
        '[options]\ndelete = true\nread_all = true\nverbose = 0',
      ]);
      return ['--getmaildir', home, '--rcfile', 'getmailrc', '--quiet'];
    },
  },
};

/** Keeps what it gets, and kills the program whose delivery agent it is at the message. */
function deliveryAgent(home: string): string {
  const file = join(home, 'mda.sh');
  const script = `#!/bin/sh
at="${home}/box/$$"
cat > "$at"
if grep -q "^Subject: crash" "$at"; then rm "$at"; kill -9 "$(cat "${home}/pid")"; exit 75; fi
`;
  writeFileSync(file, script, { mode: 0o700 });
  return file;
}

const message = (subject: string): string =>
  `From: <${addressOf('sender')}>\r\nTo: <${addressOf('sender')}>\r\nSubject: ${subject}\r\n\r\nbody of ${subject}\r\n`;

before(async () => {
  gateway = await startTestGateway({ accounts: ['sender', ...Object.keys(victims)] });
});
after(async () => {
  await gateway.remove();
});

// At once: most of the time passes with waiting for a program to fail.
describe('programs that crash at a message', { concurrency: true }, () => {
  for (const [program, victim] of Object.entries(victims))
    test(
      `${program} crashes at a message again and again: it is set aside, and the rest is fetched`,
      { skip: withoutProgram(program, victim.apt), timeout: 120_000 },
      async () => {
        const { registry, deliveries } = gateway.store;
        const actor = { name: 'operator', reason: 'the program was mended' };
        const login = loginOf(program);
        const settings = { 'stuck-messages': 'hold', 'stuck-after': 3 };
        await registry.changeSettings({ scope: 'account', login: login.login }, settings, actor);
        const ids: string[] = [];
        for (const subject of ['first', 'crash', 'third'])
          ids.push(
            await send(gateway.target('submissions'), loginOf('sender'), {
              ...{ from: addressOf('sender'), to: [addressOf(program)], content: message(subject) },
            }),
          );
        const home = join(gateway.folder, `home-${program}`);
        mkdirSync(join(home, 'box'), { recursive: true, mode: 0o700 });
        const args = victim.arguments(home, deliveryAgent(home), login);
        const round = async (): Promise<void> => {
          await attempt('/bin/sh', ['-c', 'echo $$ > "$0"; exec "$@"', join(home, 'pid'), program, ...args], { home });
          await until(
            'its session has ended',
            () => gateway.admin.gateway?.sessions().every(({ account }) => account?.login !== login.login) === true,
          );
        };
        // mpop sends its commands ahead of the answers: its first session seems to end at the last
        // message, and those after it are watched.
        for (let i = 0; i < (program === 'mpop' ? 3 : 2); i += 1) await round();
        const crash = ids[1] as MessageId;
        assert.deepEqual(await deliveries.list({ limit: 10, message: crash }), [], 'two sessions are not enough');
        await round();
        let [held] = await deliveries.list({ limit: 10, message: crash });
        await until('it is held', async () => {
          [held] = await deliveries.list({ limit: 10, message: crash });
          return held !== undefined;
        });
        assert.equal(held?.state, 'held');
        assert.match(held.lastReply ?? '', /3 sessions in a row/);
        await round();
        const box = readdirSync(join(home, 'box')).map((name) => readFileSync(join(home, 'box', name), 'latin1'));
        const got = new Set(subjectsOf(box.map((text) => text.replace(/\r?\n/g, '\r\n'))));
        for (const subject of ['first', 'third']) assert.ok(got.has(subject), `${program} has "${subject}"`);
        assert.ok(
          [...got].some((subject) => /apart gezet|set aside/.test(subject)),
          'and what is told in its place',
        );
        assert.ok(
          box.every((text) => !text.includes('crash')),
          'which repeats nothing of the message',
        );

        // Mended, and given back: the same octets.
        assert.equal(await deliveries.change([held.id], 'release', actor), 1);
        const fetched = await fetchAll(gateway.target('pop3s'), login);
        const back = fetched.find((text) => text.includes('Subject: crash'));
        assert.ok(back?.endsWith(message('crash')), 'expected the message as it was sent');
        const events = (await gateway.store.audit.read({ message: crash, limit: 100 })).map(({ event }) => event);
        assert.deepEqual(
          events.filter((event) => event.startsWith('delivery.')),
          ['delivery.held', 'delivery.released'],
        );
      },
    );
});
