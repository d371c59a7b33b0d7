/** Pages of listings. */
import type { Page } from '../registry.ts';

export const limitOf = ({ limit }: Pick<Page, 'limit'>): number => Math.min(1000, Math.max(1, Math.trunc(limit)));

/**
 * Pattern for `LIKE ... ESCAPE '!'` that matches text containing this; everything if it is empty.
 */
export const containing = (text = ''): string => `%${text.replace(/[!%_]/g, '!$&')}%`;
