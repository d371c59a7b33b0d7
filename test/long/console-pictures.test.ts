/** Debian's Firefox shows the pages of docs/console-*.png; WRITE_GOLDEN=1 takes the pictures. */
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.ts';
import { consoleScene } from '../pictures/console-scene.ts';
import { pageText } from '../pictures/page-text.ts';
import { withPalette } from '../pictures/palette.ts';
import { keepPhotograph, photographed } from '../pictures/photograph.ts';
import { operator } from '../support/console.ts';
import { firefoxFor, withoutFirefox } from './firefox.ts';

/** Pixels. A page that is longer is cut. */
const [WIDTH, HIGHEST] = [1000, 1058];

test('Firefox shows the pages that docs/ has pictures of', { skip: withoutFirefox }, async (t) => {
  const { console, pages } = await consoleScene(t);
  await console.gateway.store.operators.add({ name: 'els', role: 'support' }, operator);
  const firefox = await firefoxFor(t, 'mail.test', console.gateway.ca);
  await firefox.go(`${console.origin}/register`);
  await firefox.type('#code', await console.code('els'));
  await firefox.click('main button');
  await firefox.click('form[data-passkey] button');
  await until('it is logged in', async () => (await firefox.path()) === '/', 20_000);
  await firefox.click('header form[action="/language"] button');
  for (const [name, path] of Object.entries(pages)) {
    await firefox.go(`${console.origin}${path}`);
    const text = pageText(await firefox.ask<string>('return document.documentElement.outerHTML;'));
    // Without a bar for scrolling, as high as the page.
    await firefox.resize(WIDTH, 300);
    const height = await firefox.ask<number>(
      "document.documentElement.style.scrollbarWidth = 'none'; return document.documentElement.scrollHeight;",
    );
    await firefox.resize(WIDTH, Math.min(height, HIGHEST));
    if (process.env.WRITE_GOLDEN === '1') keepPhotograph(name, withPalette(await firefox.screenshot()), text);
    assert.equal(text, photographed(name).text);
    const broken = 'return [...document.querySelectorAll("button")].filter((b) => b.clientHeight > 44).length;';
    assert.equal(await firefox.ask(broken), 0, 'the words of every button stand in one line');
  }
});
