/** All claims, page by page, and what the rule finds in the pages without one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BREAKS } from './breaks.ts';
import { type Break, type Claim, type PageClaims, flat } from './claim.ts';
import { PRIVACY } from './privacy.ts';
import { type Piece, promisesOf, sentencesOf } from './promises.ts';
import { README } from './readme.ts';
import { SECURITY } from './security.ts';
import { THREATS } from './threats.ts';
import { STATEMENT } from './statement.ts';
import { TRY } from './try.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

const security: PageClaims = {
  page: SECURITY.page,
  claims: [...SECURITY.claims, ...THREATS.claims],
  none: [...SECURITY.none, ...THREATS.none],
};

export const PAGES: readonly PageClaims[] = [README, security, PRIVACY, TRY, STATEMENT];

export interface Row extends Claim {
  /** `security-12`: by its page and place there; another one when a claim is added before it. */
  readonly id: string;
  readonly page: string;
  /** Those of its tests that are tried by a change of the code. */
  readonly tried: readonly { readonly test: string; readonly broken: Break }[];
}

const triedOf = (shownBy: readonly string[]): Row['tried'] =>
  shownBy.flatMap((test) => {
    const broken = BREAKS.get(test);
    return broken === undefined ? [] : [{ test, broken }];
  });

const shortOf = (page: string): string => (/([^/]+)\.\w+$/.exec(page)?.[1] ?? page).toLowerCase();

export const ROWS: readonly Row[] = PAGES.flatMap(({ page, claims }) =>
  claims.map((one, i) => ({
    ...one,
    page,
    id: `${page === STATEMENT.page ? 'statement' : shortOf(page)}-${i + 1}`,
    tried: triedOf(one.shownBy),
  })),
);

export const pageText = (page: string, root = ROOT): string => readFileSync(join(root, page), 'utf8');

const piecesOf = (page: string, text: string): readonly Piece[] =>
  page === STATEMENT.page ? sentencesOf(text) : promisesOf(text);

/** Pieces of the page that promise, and that no claim quotes and no reason excuses. */
export function unclaimed({ page, claims, none }: PageClaims, text: string): readonly string[] {
  const quoted = [...claims, ...none].map(({ says }) => flat(says));
  return piecesOf(page, text).flatMap((piece) => {
    const said = flat(piece.text);
    const covered = quoted.some((quote) => said.includes(quote) || (!piece.bound && quote.includes(said)));
    return covered ? [] : [said];
  });
}
