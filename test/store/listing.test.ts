import assert from 'node:assert/strict';
import test from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { Listings, FlatListing } from '../../src/store/core/listing.ts';

const listing = (count: number): FlatListing =>
  new FlatListing({
    count,
    uids: new Float64Array(count),
    sizes: new Float64Array(count),
    uidls: new Uint8Array(count * 22),
    uidlEnds: null,
    flags: new Uint8Array(count),
  });
const account = (n: number): AccountId => n as AccountId;

test('a listing is remembered for one number of changes only', () => {
  const listings = new Listings();
  const one = listing(10);
  listings.keep(account(1), 5, one);
  assert.equal(listings.get(account(1), 5), one);
  assert.equal(listings.get(account(1), 6), undefined);
  assert.equal(listings.get(account(1), 5), undefined);
  assert.equal(listings.octets, 0);
});

test('all remembered listings together stay within 16 MiB, and one giant does not push out the rest', () => {
  const listings = new Listings();
  for (let n = 0; n < 200; n += 1) {
    listings.keep(account(n), 1, listing(10_000));
    assert(listings.octets <= 16 * 1024 * 1024);
  }
  assert(listings.get(account(199), 1) !== undefined);
  assert.equal(listings.get(account(0), 1), undefined);
  const before = listings.octets;
  listings.keep(account(1000), 1, listing(1_000_000));
  assert.equal(listings.octets, before);
});
