/** Relations between paths, by their text: links are not followed. */
import { relative } from 'node:path';

/** True if `path` is in `folder`, or is the folder itself. Both are absolute. */
export const isInside = (path: string, folder: string): boolean => {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith('../') && !way.startsWith('/'));
};
