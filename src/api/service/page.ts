/**
 * Shows the document as a page. It is made only from the document, without scripts, and loads
 * nothing from elsewhere.
 */
import { createHash } from 'node:crypto';
import type { ApiDocument } from '../core/document.ts';
import type { JsonSchema } from '../core/schemas.ts';

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}
h1,h2,h3{line-height:1.25}h2{margin-top:2.5rem;border-bottom:1px solid #767676}h3{margin:2rem 0 .25rem}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{overflow-x:auto;padding:.75rem;background:#f2f2f2}
.m{display:inline-block;min-width:4.5rem;font-weight:700}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-top:1px solid #d0d0d0}a{color:#003f8a}
nav li{list-style:none}nav ul{padding:0}.old{text-decoration:line-through}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre{background:#262626}a{color:#9cc4ff}}`;

export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly deprecated?: boolean;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly description?: string; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;
interface Shown {
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly contact: { readonly name: string; readonly email: string; readonly url: string };
  };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const esc = (text: unknown): string => String(text).replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c);
/** A text as HTML: paragraphs, and what stands in backticks as code. */
const prose = (text: string): string =>
  text
    .split('\n\n')
    .map((part) => `<p>${esc(part).replace(/`([^`]*)`/g, '<code>$1</code>')}</p>`)
    .join('\n');

export function documentPage(document: ApiDocument): string {
  const shown = document as unknown as Shown;
  const { info, servers, tags, components } = shown;
  const operations = Object.entries(shown.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const used = tags.filter(({ name }) => operations.some(({ operation }) => operation.tags.includes(name)));
  const of = (tag: string): typeof operations => operations.filter(({ operation }) => operation.tags.includes(tag));
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${esc(info.title)} ${esc(info.version)}</title><style>${STYLE}</style></head>
<body><header><h1>${esc(info.title)} ${esc(info.version)}</h1>
${prose(info.description)}
<p>Server: <code>${esc(servers[0]?.url ?? '')}</code>. Document: <a href="openapi.json">openapi.json</a>. Contact: <a href="${esc(info.contact.url)}">${esc(info.contact.name)}</a>, ${esc(info.contact.email)}.</p></header>
<nav aria-label="Operations">${used
    .map(
      ({ name }) =>
        `<h2><a href="#tag-${esc(name)}">${esc(name)}</a></h2><ul>${of(name)
          .map(
            ({ path, method, operation: o }) =>
              `<li><a href="#${esc(o.operationId)}"><code><span class="m">${esc(method.toUpperCase())}</span> ${esc(path)}</code></a> ${esc(o.summary)}</li>`,
          )
          .join('')}</ul>`,
    )
    .join('\n')}</nav>
<main>${used
    .map(
      ({ name, description }) =>
        `<section><h2 id="tag-${esc(name)}">${esc(name)}</h2>${prose(description)}${of(name)
          .map((one) => operationHtml(one, components.parameters))
          .join('\n')}</section>`,
    )
    .join('\n')}
${webhooksHtml(shown)}
<section><h2 id="schemas">Schemas</h2>${Object.entries(components.schemas)
    .map(([name, schema]) => `<h3 id="schema-${esc(name)}">${esc(name)}</h3>${schemaHtml(schema)}`)
    .join('\n')}</section></main></body></html>
`;
}

function webhooksHtml({ webhooks = {}, components }: Shown): string {
  const all = Object.entries(webhooks);
  if (all.length === 0) return '';
  const each = all.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      operationHtml({ path, method, operation }, components.parameters),
    ),
  );
  return `<section><h2 id="webhooks">Webhooks that we send</h2>${each.join('\n')}</section>`;
}

function operationHtml(
  { path, method, operation: o }: { readonly path: string; readonly method: string; readonly operation: Operation },
  shared: Readonly<Record<string, Parameter>>,
): string {
  const parameters = o.parameters.flatMap((p) =>
    p.$ref === undefined ? p : (shared[p.$ref.split('/').at(-1) ?? ''] ?? []),
  );
  return `<h3 id="${esc(o.operationId)}"${o.deprecated === true ? ' class="old"' : ''}><code><span class="m">${esc(method.toUpperCase())}</span> ${esc(path)}</code></h3>
<p><strong>${esc(o.summary)}</strong></p>${prose(o.description)}
${table(
  ['parameter', 'in', 'what it is'],
  parameters.map((p) => [
    `<code>${esc(p.name)}</code>${p.required === true ? ' (required)' : ''}`,
    esc(p.in),
    esc(p.description ?? ''),
  ]),
)}
${o.requestBody === undefined ? '' : `<p>Body: ${esc(o.requestBody.description ?? '')}</p>${contentHtml(o.requestBody.content)}`}
${table(
  ['status', 'when', 'body'],
  Object.entries(o.responses).map(([status, { description, content = {} }]) => [
    status,
    esc(description),
    contentHtml(content),
  ]),
)}`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ''
    : `<table><thead><tr>${head.map((h) => `<th scope="col">${h}</th>`).join('')}</tr></thead><tbody>${rows
        .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
        .join('')}</tbody></table>`;

const contentHtml = (content: Content): string =>
  Object.entries(content)
    .map(([type, { schema }]) => `<code>${esc(type)}</code>${schema === undefined ? '' : `: ${schemaHtml(schema)}`}`)
    .join('<br>');

/** A named schema is a link; any other is shown as it stands in the document. */
function schemaHtml(schema: JsonSchema): string {
  const { $ref } = schema as { readonly $ref?: string };
  const name = $ref?.split('/').at(-1);
  if (name !== undefined) return `<a href="#schema-${esc(name)}">${esc(name)}</a>`;
  return `<pre>${esc(JSON.stringify(schema, undefined, 2))}</pre>`;
}
