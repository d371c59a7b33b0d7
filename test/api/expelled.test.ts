/**
 * Who may not come any more, on connections that are open: the request that is being answered, and
 * the one that would be next.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { loginOf } from '../support/gateway.ts';
import type { OpenSession } from '../../src/platform/connections.ts';
import { basic } from '../support/api.ts';
import { heard, raw, statusesOf } from '../support/raw-http.ts';
import { until } from '../support/until.ts';
import { type Mailbox, mailbox } from './mailbox/scene.ts';

const sessions = ({ gateway }: Mailbox): readonly OpenSession[] => gateway.admin.gateway?.sessions() ?? [];
const actor = { name: 'test' };
const { login, password } = loginOf('anna');
const head = (line: string, more = ''): string =>
  `${line} HTTP/1.1\r\nHost: mail.test\r\nAuthorization: ${basic(login, password)}\r\n${more}`;

for (const [what, asked] of Object.entries({
  listing: head('GET /v1/mailbox/messages', 'Prefer: wait=30\r\n\r\n'),
  claim: head('POST /v1/mailbox/claims', 'Prefer: wait=30\r\nIdempotency-Key: a\r\n\r\n'),
}))
  test(`a ${what} that waits hears nothing of what comes after its account was suspended`, async (t) => {
    const box = await mailbox(t);
    const waiting = heard(await raw(t, box.target, asked));
    await until('the wait', () =>
      sessions(box).some((one) => one.facts().state === 'busy' && one.account !== undefined),
    );
    await box.gateway.store.registry.setAccountStates([login], 'suspended', actor);
    await waiting.closed;
    assert.doesNotMatch(waiting.text, /"messages":\[\{/);
    assert.deepEqual(statusesOf(waiting.text), []);
  });

test('a session that is ended between two requests ends at once, also where the last one changed something', async (t) => {
  const box = await mailbox(t);
  const socket = await raw(t, box.target, head('POST /v1/mailbox/claims', 'Idempotency-Key: a\r\n\r\n'));
  const told = heard(socket);
  await until('an answer', () => told.text.endsWith('}'));
  const closed = once(socket, 'close');
  const session = sessions(box).find((one) => one.facts().protocol === 'https');
  assert.ok(session);
  session.kill();
  await closed;
  assert.deepEqual(statusesOf(told.text), [200]);
});
