/**
 * The components of all pages; the page /style shows each of them, and docs/style.md says when to
 * use which.
 */
import { type Hole, type Html, html } from '../../http/html.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export const card = (title: string, body: Hole): Html => html`<section class="card"><h2>${title}</h2>${body}</section>`;

/** Something to read first. `role="alert"` is for what has just happened. */
export const note = (tone: Tone, body: Hole): Html => html`<div class="card note ${tone}">${body}</div>`;

/** A state as a coloured word. The word says the same as the colour. */
export const state = (tone: Tone, text: string): Html => html`<span class="state ${tone}">${text}</span>`;

/** What is known of one thing. A row without a value is left out. */
export const facts = (rows: readonly (readonly [string, Hole])[]): Html =>
  html`<dl>${rows.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;

export const list = (items: readonly Hole[]): Html => html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;

/** A table. If it is too wide for the page it scrolls by itself, by keyboard too. */
export const table = (caption: string, header: readonly string[], rows: readonly (readonly Hole[])[]): Html =>
  html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption><thead><tr>${header.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`;

/** What happened, oldest first: when, and what. */
export const timeLine = (steps: readonly (readonly [when: Hole, what: Hole])[]): Html =>
  html`<ol class="line">${steps.map(([when, what]) => html`<li><span class="soft">${when}</span> ${what}</li>`)}</ol>`;

export const accountLink = (login: string): Html => html`<a href="/accounts/${login}">${login}</a>`;
export const messageLink = (id: string): Html => html`<a href="/messages/${id}">${id}</a>`;
export const organisationLink = (name: string): Html => html`<a href="/organisations/${name}">${name}</a>`;
