/** Which version of the program this is: manifests, reports and the control socket name it. */
import { readFileSync } from 'node:fs';

export const programVersion = (): string => {
  const read = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return read.version;
};
