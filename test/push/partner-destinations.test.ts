import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partnerDestinations } from '../../src/push/partner-destinations.ts';
import type { AccountId, OrganisationId, PartnerId } from '../../src/domain/ids.ts';
import type { Partner } from '../../src/domain/partner.ts';
import { fail, ok } from '../../src/domain/result.ts';

const id = 1 as PartnerId;
const hospital: Partner = {
  id,
  name: 'hospital',
  account: 1 as AccountId,
  login: 'hospital',
  organisation: 1 as OrganisationId,
  state: 'active',
  server: { host: 'mail.hospital.test', port: 25, tls: 'starttls', connections: 2, user: 'us' },
  sealed: Buffer.from('sealed'),
  domains: [],
};

function bench(
  partner: Partner | undefined,
  secrets = ok({ password: 'secret' }) as ReturnType<typeof ok> | { ok: false; error: string },
) {
  const state = { partner, opened: 0 };
  const find = partnerDestinations({
    signs: false,
    findPartner: () => Promise.resolve(state.partner),
    openSecrets: () => {
      state.opened++;
      return Promise.resolve(secrets as never);
    },
    hostname: 'gateway.test',
  });
  return { state, find: () => find(id) };
}

test('secrets are opened once for each change of the record, which holds at once', async () => {
  const { state, find } = bench(hospital);
  const first = await find();
  const again = await find();
  assert.ok(first.kind === 'push' && again.kind === 'push');
  assert.equal(first.destination, again.destination);
  assert.deepEqual(first.destination.login, { name: 'us', password: 'secret' });
  assert.equal(state.opened, 1);
  state.partner = { ...hospital, server: { ...hospital.server, port: 465 } };
  const changed = await find();
  assert.equal(changed.kind === 'push' && changed.destination.port, 465);
  assert.equal(state.opened, 2);
});

for (const state of ['suspended', 'refusing', 'ended'] as const)
  test(`nothing is pushed to a partner that is ${state}`, async () => {
    assert.equal((await bench({ ...hospital, state }).find()).kind, 'paused');
  });

test('a partner that is not known, or whose secrets do not open, is paused and says why', async () => {
  assert.equal((await bench(undefined).find()).kind, 'paused');
  const place = await bench(hospital, fail('the master key is another one')).find();
  assert.match(place.kind === 'paused' ? place.why : '', /master key/);
});
