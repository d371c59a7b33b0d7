/** Pages of listings. */
import type { Page } from '../registry.ts';

export const limitOf = ({ limit }: Pick<Page, 'limit'>): number => Math.min(1000, Math.max(1, Math.trunc(limit)));
