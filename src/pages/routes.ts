/** The list of routes in docs/routes.md. */
import { API_ROUTES } from '../api/table.ts';
import type { Access } from '../api/core/callers.ts';
import type { Route, Tag } from '../api/core/route.ts';
import { betweenMarks, marksOf } from '../domain/between-marks.ts';

const AREAS: Readonly<Record<Tag, string>> = {
  messages: 'Sending',
  mailbox: 'The mailbox',
  directory: 'The directory',
  webhooks: 'Webhooks',
  account: 'Your app passwords',
  administration: 'Administration',
  service: 'The service',
};

/** Throws where the page has no place for it. */
export const writeRoutes = (page: string): string => betweenMarks(page, marksOf('routes'), () => ['', routesByArea()]);

const routesByArea = (): string =>
  (Object.keys(AREAS) as Tag[])
    .map((tag) => ({ tag, routes: API_ROUTES.filter((route) => route.tag === tag) }))
    .filter(({ routes }) => routes.length > 0)
    .map(
      ({ tag, routes }) =>
        `### ${AREAS[tag]}\n\n| Route | What it does | Who |\n|---|---|---|\n${routes.map(row).join('')}`,
    )
    .join('\n');

const row = ({ method, path, summary, access }: Route): string =>
  `| \`${method} ${path}\` | ${summary} | ${whoOf(access)} |\n`;

function whoOf(access: Access): string {
  switch (access.kind) {
    case 'nobody':
      return 'everybody';
    case 'account':
      return access.scope === 'any' ? 'account' : `account (${access.scope})`;
    case 'operator':
      return `operator (${access.right})`;
    case 'either':
      return `account, operator (${access.right})`;
  }
}
