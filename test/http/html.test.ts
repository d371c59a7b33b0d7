/** Templates of HTML: text stays text, and a hole that could be anything else is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Html, type Hole, attributes, html } from '../../src/http/html.ts';

/** All that a stranger could try in a name. */
const HOSTILE = `"><script>alert(1)</script>'onmouseover='x' &amp; <!-- javascript:x`;

test('html`` makes text harmless between tags and within values, and leaves what other templates made', () => {
  assert.equal(
    html`<p title="${HOSTILE}">${HOSTILE}</p>`.text,
    '<p title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;onmouseover=&#39;x&#39; &amp;amp; &lt;!-- javascript:x">' +
      '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;onmouseover=&#39;x&#39; &amp;amp; &lt;!-- javascript:x</p>',
  );
  assert.equal(
    html`<ul>${['a', '<b>'].map((one) => html`<li>${one}</li>`)}</ul>${undefined}${3}`.text,
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>3',
  );
  assert.equal(html`<script src="${'/a'}" defer></script>${'<'}`.text, '<script src="/a" defer></script>&lt;');
  assert.equal(
    html`<title>${'</title><p>'}</title><textarea>${'</textarea>'}</textarea>`.text,
    '<title>&lt;/title&gt;&lt;p&gt;</title><textarea>&lt;/textarea&gt;</textarea>',
  );
});

test('html`` takes an address of ours or a web page whole, and encodes what stands behind the head of one', () => {
  for (const good of [
    '/',
    '/accounts/a',
    '/?q=1',
    '?after=b',
    '#top',
    'https://example.nl/',
    'mailto:a@b.example',
    'tel:+31',
  ])
    assert.equal(html`<a href="${good}">x</a>`.text, `<a href="${good}">x</a>`);
  for (const bad of [
    'javascript:alert(1)',
    ' javascript:x',
    'JaVaScRiPt:x',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil',
    'data:text/html,x',
    'http://plain.example',
    'vbscript:x',
    '',
  ])
    assert.throws(() => html`<a href="${bad}">x</a>`, TypeError, bad);
  assert.equal(
    html`<a href="/accounts/${'../a?b#c/"'}/x?q=${'&<'}">x</a>`.text,
    '<a href="/accounts/..%2Fa%3Fb%23c%2F%22/x?q=%26%3C">x</a>',
  );
  assert.equal(html`<a href="/accounts/${'\ud800'}">x</a>`.text, '<a href="/accounts/%EF%BF%BD">x</a>');
  assert.throws(() => html`<a href="javascript:${'x'}">x</a>`, TypeError);
});

test('html`` refuses a hole where its text could become anything but text', () => {
  const x = 'x';
  const refused: readonly (() => Html)[] = [
    () => html`<p class=${x}></p>`,
    () => html`<p onclick="${x}"></p>`,
    () => html`<p style="${x}"></p>`,
    () => html`<iframe srcdoc="${x}"></iframe>`,
    () => html`<script>${x}</script>`,
    () => html`<style>${x}</style>`,
    () => html`<!-- ${x} -->`,
    () => html`<${x}></p>`,
    () => html`<p ${x}></p>`,
    () => html`<p data-${x}="1"></p>`,
    () => html`<svg>${x}</svg>`,
    () => html`<script src="/a" defer>if (a < b) ${x}</script>`,
    () => html`<p title="${x}`,
  ];
  for (const make of refused) assert.throws(make, TypeError, String(make));
});

test('html`` refuses values that are no text', () => {
  for (const bad of [{}, null, true, false, () => 1, Symbol('x'), attributes({})])
    assert.throws(() => html`<p>${bad as Hole}</p>`, TypeError);
  assert.throws(() => html`<p title="${new Html('<b>')}"></p>`, TypeError);
  assert.throws(() => html`<p title="${['a']}"></p>`, TypeError);
});

test('attributes() stand within a tag, and none of them is code or an address', () => {
  assert.equal(
    html`<a href="/"${attributes({ 'aria-current': 'page', hidden: true, id: undefined, lang: false, title: '"' })}>x</a>`
      .text,
    '<a href="/" aria-current="page" hidden title="&quot;">x</a>',
  );
  for (const name of ['onclick', 'style', 'href', 'srcdoc', 'a b', 'formaction', 'A'])
    assert.throws(() => attributes({ [name]: 'x' }), TypeError);
});
