/**
 * axe (WCAG 2.2 AA) over a page of the console or of accounts in Debian's Chromium. With
 * SLUIS_PICTURES=FOLDER a picture of each page is kept.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { ask } from './chromium.ts';
import { effort } from './effort.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const PICTURES = process.env.SLUIS_PICTURES;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/**
 * Octets of a page with all that it loads, as a browser has them. The first one of all is the
 * lightest.
 */
const HEAVIEST = 150 * 1024;
const FIRST = 60 * 1024;
const WEIGHT = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`;

/**
 * axe, in both themes, and on a phone: no violation, and nothing that is wider than the screen. The
 * page is not too heavy.
 */
export async function judge(page: Page, name: string): Promise<void> {
  const weight = await ask<number>(page, WEIGHT);
  const most = new URL(page.url()).pathname === '/' ? FIRST : HEAVIEST;
  assert(weight > 1000 && weight <= most, `${name} has ${weight} octets; at most ${most} are wanted`);
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
    for (const width of effort([theme === 'light' ? 320 : 1280], [1280, 320])) {
      await page.setViewport({ width, height: 800 });
      await page.evaluate(AXE);
      const found = await ask<readonly Violation[]>(
        page,
        `axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => ({ html })) })))`,
      );
      assert.deepEqual(found, [], `${name}, ${theme}, ${width}`);
      const wide = await ask<number>(page, 'document.documentElement.scrollWidth');
      assert(wide <= width, `${name} is ${wide} wide on a screen of ${width}`);
      if (PICTURES !== undefined)
        await page.screenshot({
          path: join(PICTURES, `${name}-${theme}-${width}.png`),
          fullPage: true,
        });
    }
  }
  await page.setViewport({ width: 1280, height: 800 });
}
