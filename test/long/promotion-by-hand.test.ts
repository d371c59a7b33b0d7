/**
 * How long clients wait once a person begins to promote: the site of the primary is lost, whoever
 * holds most is known, and from the first command on the service name answers again within two
 * seconds.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effort } from '../support/effort.ts';
import { FrontProbe, summary } from '../support/front-probe.ts';
import { startTwoSites } from '../support/two-sites.ts';

const ROUNDS = effort(2, 10);
/** Milliseconds. */
const BOUND = 2000;

test(`${ROUNDS} promotions by hand: from the first command to the next 250 at most 2 s`, async (t) => {
  const { cluster, gateways, fronts, serve } = await startTwoSites(t, ['probe']);
  const probe = new FrontProbe(fronts, 'probe');
  t.after(() => probe.stop());
  probe.start();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Nobody's gateway is at the third place: a person would bring the primary back to a site.
    if (cluster.primary === 'derde-1') await cluster.switchOver('noord-1');
    const lost = cluster.primary;
    const site = lost === 'zuid-1' ? 'zuid' : 'noord';
    await probe.firstAfter(performance.now());
    await gateways[site].served.kill();
    await cluster.kill(lost);
    const chosen = await cluster.mostAdvanced();
    const begun = performance.now();
    await cluster.promote(chosen);
    const database = performance.now() - begun;
    times.push((await probe.firstAfter(begun)) - begun);
    t.diagnostic(
      `round ${round + 1}: ${chosen} after ${database.toFixed(0)} ms, the next 250 after ${times.at(-1)?.toFixed(0)} ms`,
    );
    await cluster.rejoin(lost);
    await serve(site);
  }
  const { worst, text } = summary(times);
  t.diagnostic(text);
  assert.ok(worst <= BOUND, text);
});
