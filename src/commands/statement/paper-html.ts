/**
 * The statement as one HTML page that loads nothing else, since people open it from a mail or a
 * disk, and print it.
 */
import { Html, html } from '../../http/html.ts';
import type { Block, Paper } from './paper.ts';

/** Each colour has a word beside it that says the same. */
const STYLE = new Html(`<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1,h2{line-height:1.2}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #767676}
li{margin:.4rem 0}.not{border-left:.3rem solid #a4262c;padding-left:.6rem}.source{color:#555;font-size:.85rem;display:block}pre{white-space:pre-wrap}
</style>`);

export const htmlOf = ({ language, title, parts }: Paper): string =>
  `<!doctype html>\n${
    html`<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>${STYLE}</head>
<body>
<h1>${title}</h1>
${parts.map(
  (part) => html`<section>${part.title === undefined ? '' : html`<h2>${part.title}</h2>`}
${part.blocks.map(blockHtml)}</section>
`,
)}</body>
</html>
`.text
  }`;

function blockHtml(block: Block): Html {
  switch (block.kind) {
    case 'text':
      return html`<p>${block.text}</p>`;
    case 'command':
      return html`<pre>${block.command}</pre>`;
    case 'facts':
      return html`<table>${block.facts.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</table>`;
    case 'claims':
      return html`<ul>${block.claims.map(
        ({ inPlace, text, source }) =>
          html`<li class="${inPlace ? 'in' : 'not'}">${text}<span class="source">${source}</span></li>
`,
      )}</ul>`;
    case 'table':
      return html`<table><thead><tr>${block.header.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead><tbody>${block.rows.map(
        (row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
      )}</tbody></table>`;
  }
}
