// What `npm audit` knows of the packages that a release has: known faults, none, or that it could not be asked. A release that nobody asked about says so.
import { spawnSync } from 'node:child_process';
import { root } from './tree.mjs';

const SHOWN = 20;

/** @returns `faults`: names of packages with a known fault, undefined where nobody could be asked; `text`: one line for a person */
export function auditOf(said) {
  let report;
  try {
    report = JSON.parse(said);
  } catch {
    report = {};
  }
  const { vulnerabilities, message, error } = report;
  if (vulnerabilities === undefined) {
    const why = message || error?.summary || 'it answered nothing that can be read';
    return {
      faults: undefined,
      text: `npm audit could not be asked (${why.slice(0, 200)}): whether packages have known faults has not been looked at`,
    };
  }
  const faults = Object.values(vulnerabilities).map(({ name, severity }) => `${name} (${severity})`);
  const more = faults.length > SHOWN ? ` and ${faults.length - SHOWN} more` : '';
  return {
    faults,
    text:
      faults.length === 0
        ? 'npm audit knows of no fault in the packages of this release'
        : `npm audit knows of faults in ${faults.slice(0, SHOWN).join(', ')}${more}`,
  };
}

/** Asks about what the lock has for service; development's packages are in no release. */
export function audit() {
  const ran = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    ...{ cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return auditOf(ran.stdout ?? '');
}
