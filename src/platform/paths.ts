/** Relations between paths, by their text: links are not followed. */
import { relative } from 'node:path';

/** Within `folder`, or the folder itself. Both absolute. */
export const isInside = (path: string, folder: string): boolean => {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith('../') && !way.startsWith('/'));
};
