/**
 * The files that every page loads. Their names change with their content, so a browser may keep
 * each for a year.
 */
import { createHash } from 'node:crypto';
import type { PageFor } from '../core/page.ts';

/** A file for any visitor of any site. */
type FilePage = PageFor<unknown, unknown, 'nobody'>;
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b4f6c"/><path d="M3 4v8M13 4v8M3 8h3M10 8h3" stroke="#fff" stroke-width="2"/></svg>';

const named = (name: string, end: string, text: string): string =>
  `/files/${name}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.${end}`;

export const STYLE_PATH = named('style', 'css', STYLE);
export const SCRIPT_PATH = named('script', 'js', SCRIPT);
export const ICON_PATH = named('icon', 'svg', ICON);

const file = (path: string, type: string, text: string): FilePage => ({
  method: 'GET',
  path,
  access: 'nobody',
  isFile: true,
  run: () => ({ kind: 'file', type, text }),
});

export const filePages: readonly FilePage[] = [
  file(STYLE_PATH, 'text/css; charset=utf-8', STYLE),
  file(SCRIPT_PATH, 'text/javascript; charset=utf-8', SCRIPT),
  file(ICON_PATH, 'image/svg+xml', ICON),
];
