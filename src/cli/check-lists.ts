/**
 * How `check` looks at revocation lists: it reads them as `serve` does, and says which of them do
 * not count.
 */
import { readAuthorities } from '../auth/authorities.ts';
import { RevocationLists, listPolicy } from '../auth/revocation-lists.ts';
import { readAuthorityFiles } from '../config/files.ts';
import { ConfigError, shown } from '../config/problem.ts';
import { listsOf, readRevocationLists } from '../config/revocation-lists.ts';
import type { Config } from '../config/schema.ts';
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import type { Log } from '../domain/effects.ts';
import { systemClock } from '../platform/clock.ts';

const SILENT: Log = {
  with: () => SILENT,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Warns about lists that cannot be used. `serve` starts without such a list, and then refuses every
 * certificate of its issuer.
 */
export async function listWarnings(
  config: Config,
  setting: 'tls.client-authorities' | 'smime.authorities',
): Promise<readonly string[]> {
  const { name, places, grace } = listsOf(config, setting);
  if (places.length === 0) return [];
  const wanted = readAuthorities(readAuthorityFiles(config, setting), setting);
  const shelf = new RevocationLists(listPolicy(places, grace), systemClock, SILENT, setting);
  const refused = await shelf.load(await readRevocationLists(places), wanted);
  const wrong = refused.filter(({ foreign }) => !foreign);
  if (wrong.length > 0)
    throw new ConfigError(
      config.file,
      wrong.map(({ file, why }) => ({
        path: name,
        value: shown(file),
        expected: 'revocation lists, DER or PEM',
        remedy: `${why}; put the newest list of the authority there`,
      })),
    );
  return [
    ...refused.map(({ file, why }) => `${name}: "${file}" does not count: ${why}`),
    ...shelf.overdue().map(({ file, crl, state }) => {
      const due = new Date(crl.nextUpdate ?? crl.thisUpdate).toISOString();
      return state === 'future'
        ? `${name}: the list in "${file}" was made later than now; check the clock of this machine`
        : `${name}: the list in "${file}" was due for renewal at ${due}${state === 'overdue' ? ', and certificates of its issuer are refused' : ''}; put the newest one there`;
    }),
    ...wanted
      .filter((issuer) => !shelf.has(issuer))
      .map(
        (issuer) =>
          `${name}: there is no list of "${formatName(issuer.subject)}", so its certificates are refused; put one there, or leave ${name} out`,
      ),
  ];
}
