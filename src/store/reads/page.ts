/** Pages of listings. */
import type { Page } from '../registry.ts';

export const limitOf = ({ limit }: Pick<Page, 'limit'>): number => Math.min(1000, Math.max(1, Math.trunc(limit)));

/** For `LIKE ... ESCAPE '!'`: what has this text in it; everything where there is none. */
export const containing = (text = ''): string => `%${text.replace(/[!%_]/g, '!$&')}%`;
