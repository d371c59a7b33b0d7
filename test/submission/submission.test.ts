/** What one transaction allows, without a protocol around it. As clients see it: test/smtp. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ok } from '../../src/domain/result.ts';
import { octets } from '../../src/domain/units.ts';
import { HourlyCount } from '../../src/submission/limits.ts';
import { Submission } from '../../src/submission/submission.ts';
import { addAccount, address, openTestStore } from '../support/store.ts';

const actor = { name: 'test' };

/** `mail`: MAIL FROM as alice, who has alice@group.test; what it is refused with, if it is. */
async function aliceSends(
  t: TestContext,
): Promise<{ mail: (from: string) => Promise<string>; delegate: () => Promise<void> }> {
  const { store, clock, log } = await openTestStore(t);
  for (const name of ['alice', 'bob']) await addAccount(store, name);
  const record = await store.registry.findLogin('alice');
  assert.ok(record);
  const counted = (): HourlyCount => new HourlyCount(clock);
  const submission = new Submission(
    {
      ...{ store, clock, log, hostname: 'mail.test', maxMessage: octets(1_000_000), maxRecipients: 10 },
      counts: { messages: counted(), octets: counted(), recipients: counted(), unknown: counted(), tests: counted() },
    },
    { ...record, session: 's', address: '192.0.2.1', helo: 'client.test', extended: true, tls: 'TLSv1.3' },
    () => Promise.resolve(ok(record)),
  );
  return {
    mail: async (from) => {
      const refusal = await submission.mail(from, { size: octets(0), body: '7BIT', smtpUtf8: false });
      assert.equal(submission.open, refusal === undefined, 'a transaction is open only where MAIL was taken');
      submission.reset();
      return refusal?.status ?? 'taken';
    },
    delegate: () => store.registry.setDelegation(address('bob@group.test'), 'alice', true, actor),
  };
}

test('MAIL FROM must be an address of the account, or one that is delegated to it', async (t) => {
  const { mail, delegate } = await aliceSends(t);
  assert.equal(await mail('alice@group.test'), 'taken');
  assert.equal(await mail('Alice@Group.Test'), 'taken');
  for (const foreign of ['bob@group.test', 'nobody@group.test', 'alice@elsewhere.test'])
    assert.equal(await mail(foreign), '5.7.1', foreign);
  await delegate();
  assert.equal(await mail('bob@group.test'), 'taken');
  assert.equal(await mail('nobody@group.test'), '5.7.1');
});

test('MAIL FROM:<> names nobody and is taken; what is no address is refused as such', async (t) => {
  const { mail } = await aliceSends(t);
  assert.equal(await mail(''), 'taken');
  assert.equal(await mail('alice'), '5.1.7');
});
