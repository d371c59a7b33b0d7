/**
 * A message that is taken back while somebody fetches it without a claim: nobody is told that
 * nobody had it, and it was had.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { AccountCaller } from '../../../src/api/core/callers.ts';
import { Problem } from '../../../src/api/core/problem.ts';
import type { Asked } from '../../../src/api/core/route.ts';
import type { ApiServices } from '../../../src/api/core/services.ts';
import { getMailboxMessageContent } from '../../../src/api/mailbox/fetch.ts';
import { apiPickup } from '../../../src/gateway/pickup.ts';
import type { ClientNetworks } from '../../../src/pickup/client-networks.ts';
import { addAccount, deliver, openTestStore } from '../../support/store.ts';

for (const withdrawn of [true, false])
  test(`what was withdrawn meanwhile does not leave to its end: ${withdrawn}`, async (t) => {
    const { store, clock, log } = await openTestStore(t);
    const id = await addAccount(store, 'anna');
    const message = await deliver(store, Buffer.from('Subject: x\r\n\r\nx\r\n'), 'anna@group.test');
    const pickup = apiPickup({
      store,
      clientNetworks: { note: () => undefined } as unknown as ClientNetworks,
      receipts: { receiptsFor: () => Promise.resolve([]) },
      clock,
      log,
      random: randomBytes,
    });
    const asked = {
      params: { messageId: message.id },
      headers: {},
      caller: { kind: 'account', account: { id } } as unknown as AccountCaller,
      remote: { session: 's', address: '192.0.2.1', network: '192.0.2.1', listener: 'api', tls: 'TLSv1.3' },
    } as unknown as Asked;
    const services = {
      store,
      pickup,
      clock,
      log,
      hostname: 'mail.test',
      random: randomBytes,
    } as unknown as ApiServices;
    const answer = await getMailboxMessageContent.run(asked, services);
    assert('stream' in answer);
    if (withdrawn) await store.deliveries.withdraw(message.id, 'all', { name: 'operator' }, []);
    let octets = 0;
    const read = async (): Promise<void> => {
      for await (const slice of answer.stream) octets += slice.length;
    };
    if (withdrawn) await assert.rejects(read(), (error) => error instanceof Problem && error.kind === 'gone');
    else await read();
    assert.equal(octets, withdrawn ? 0 : 17);
    const rows = await store.audit.read({ account: id, limit: 100 });
    assert.equal(rows.filter(({ event }) => event === 'message.collected').length, withdrawn ? 0 : 1);
  });
