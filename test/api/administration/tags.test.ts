import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns, etagOf } from '../../../src/api/administration/tags.ts';
import { isCurrent, matches } from '../../../src/api/core/etags.ts';

test('tags are compared as RFC 9110 says: strongly before a change, weakly before a look', () => {
  const etag = etagOf({ a: 1 });
  assert.match(etag, /^"[A-Za-z0-9_-]{22}"$/);
  assert.notEqual(etag, etagOf({ a: 2 }));
  for (const header of [etag, '*', `"x", ${etag}`, ` ${etag} `]) assert(matches(header, etag), header);
  for (const header of ['"x"', `W/${etag}`, '']) assert(!matches(header, etag), header);
  for (const header of [etag, `W/${etag}`, `"x",${etag}`, '*']) assert(isCurrent(header, etag), header);
  assert(isCurrent('"x", "5"', 'W/"5"') && isCurrent('W/"5"', 'W/"5"') && !isCurrent('"6"', 'W/"5"'));
  assert(!matches('W/"5"', 'W/"5"'));
  assert(!isCurrent('"x"', etag));
  assert(!isCurrent(undefined, etag));
});

test('work on one thing is done one after the other, on others beside it; what fails holds nobody up', async () => {
  const turns = new Turns();
  const steps: string[] = [];
  const work = (name: string, ends: Promise<void>) => async (): Promise<string> => {
    steps.push(`${name} begins`);
    await ends;
    steps.push(`${name} ends`);
    return name;
  };
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const first = turns.take('a', work('first', held));
  const failing = turns.take('a', () => Promise.reject(new Error('no')));
  const second = turns.take('a', work('second', Promise.resolve()));
  assert.equal(await turns.take('b', work('other', Promise.resolve())), 'other');
  release();
  await assert.rejects(failing, /no/);
  assert.deepEqual([await first, await second], ['first', 'second']);
  assert.deepEqual(
    steps.filter((step) => !step.startsWith('other')),
    ['first begins', 'first ends', 'second begins', 'second ends'],
  );
});
