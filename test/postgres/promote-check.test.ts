/**
 * `site promote --check` by the very query of docs/two-sites.md, on real servers of which one lags.
 */
// @beside
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type PromotionCheck, checkPromotion } from '../../src/cluster/promote-check.ts';
import { readWrittenFacts } from '../../src/cluster/written-facts.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'two-sites.md'), 'utf8');
const [, QUERY = ''] = /```sql\n(SELECT json_build_object\([\s\S]*?);\n```/.exec(PAGE) ?? [];
const LIST = 'ANY 1 (zuid-1, derde-1)';

/** As a person at night: asks these with psql, and writes the answers into a file. */
async function written(cluster: Cluster, names: readonly string[], list = LIST): Promise<string> {
  const servers = await Promise.all(
    names.map(async (name) => Object.values((await cluster.server(name).ask(QUERY))[0] ?? {})[0]),
  );
  return JSON.stringify({ list, servers });
}

function checked(name: string, json: string): PromotionCheck {
  const facts = readWrittenFacts(json);
  return typeof facts === 'string' ? assert.fail(`${facts}: ${json}`) : checkPromotion(name, facts);
}

test('the one that is behind is refused, also where the other cannot be asked; and after a promotion the other one', async (t) => {
  assert.notEqual(QUERY, '', 'the page has the query');
  const cluster = await startCluster(t);
  const client = await cluster.server('noord-1').open();
  t.after(() => void client.end().catch(() => undefined));
  await client.query('CREATE TABLE kept (n int)');
  await cluster.cut('noord', 'derde');
  // Acknowledged by zuid alone.
  for (let n = 0; n < 20; n += 1) await client.query('INSERT INTO kept (n) VALUES ($1)', [n]);
  const before = checked('zuid-1', await written(cluster, ['noord-1', 'zuid-1', 'derde-1']));
  assert.deepEqual(
    [before.verdict, before.why.join().includes('"noord-1" (noord) is a primary that answers')],
    ['serving', true],
  );

  await cluster.kill('noord-1');
  await cluster.heal('noord', 'derde');
  const facts = await written(cluster, ['zuid-1', 'derde-1']);
  const behind = checked('derde-1', facts);
  assert.deepEqual([behind.verdict, behind.remedy.startsWith('promote "zuid-1"')], ['behind', true], facts);
  assert.equal(checked('zuid-1', facts).verdict, 'may', facts);
  assert.equal(checked('derde-1', await written(cluster, ['derde-1'])).verdict, 'unknown');
  assert.equal(checked('zuid-1', await written(cluster, ['zuid-1'])).verdict, 'unknown');

  await cluster.promote('zuid-1');
  await cluster.follow('derde-1');
  await cluster.untilStreaming(['derde-1']);
  // It was acknowledged on the new timeline: derde has it.
  const next = await cluster.server('zuid-1').open();
  t.after(() => void next.end().catch(() => undefined));
  await next.query('INSERT INTO kept (n) VALUES (100)');
  const after = checked('derde-1', await written(cluster, ['zuid-1', 'derde-1']));
  assert.equal(after.verdict, 'serving');
  assert.deepEqual(
    after.servers.map(({ name, role, timeline }) => `${name} ${role} ${timeline}`),
    ['zuid-1 primary 2', 'derde-1 standby 2'],
  );
  await cluster.kill('zuid-1');
  const alone = checked('derde-1', await written(cluster, ['derde-1'], 'ANY 1 (derde-1)'));
  assert.deepEqual(
    [alone.verdict, alone.servers[0]?.timeline],
    ['may', 2],
    'it followed to the new timeline, and the primary is gone',
  );
});
