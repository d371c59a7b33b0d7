/**
 * docs/console-*.png: the first page of the console and that of a message. Firefox takes them
 * (long/console-pictures), and beside each lies what the page said and looked like: where the page
 * says something else today, the picture is old.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consoleScene } from './console-scene.ts';
import { pageText } from './page-text.ts';
import { photographed } from './photograph.ts';

test('docs/console-today.png and docs/console-message.png show what the console says', async (t) => {
  const { console, pages } = await consoleScene(t);
  const { browser } = await console.loggedIn('els', 'support');
  for (const [name, path] of Object.entries(pages)) {
    const { text, octets } = photographed(name);
    assert.ok(octets < 60_000, `docs/${name}.png has ${octets} octets`);
    assert.equal(
      pageText((await browser.get(path)).body),
      text,
      `docs/${name}.png is of another page: WRITE_GOLDEN=1 node scripts/test.mjs --suite long --only console-pictures`,
    );
  }
});
