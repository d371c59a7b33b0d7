/**
 * Which version of the program this is, and which build: manifests, reports and the control socket
 * name it.
 */
import { readFileSync } from 'node:fs';

/** The version of the package, such as `0.2.0`. */
export const programVersion = (): string => {
  const read = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return read.version;
};

/** As scripts/build.mjs writes it beside the compiled program. */
interface Commit {
  /** 12 hex digits. */
  readonly hash: string;
  /** The day of the commit in UTC, such as `2026-11-27`. */
  readonly date: string;
  /** A source was not as in the commit. */
  readonly changed: boolean;
}

/**
 * The version with the commit that it was built from, in the form of a semantic version with build
 * metadata: `0.2.0+2026-12-02.0123456789ab`, with `.changed` at the end where the sources were not
 * those of the commit, and `0.2.0+unknown` where the build could not tell.
 */
export const buildVersion = (): string => `${programVersion()}+${buildOf(readCommit())}`;

const buildOf = (commit: Commit | undefined): string =>
  commit === undefined ? 'unknown' : `${commit.date}.${commit.hash}${commit.changed ? '.changed' : ''}`;

/**
 * Undefined too where the file is missing: it is read by every command, and a name is no reason to
 * refuse one.
 */
function readCommit(): Commit | undefined {
  try {
    return (JSON.parse(readFileSync(new URL('../commit.json', import.meta.url), 'utf8')) as { commit?: Commit }).commit;
  } catch {
    return undefined;
  }
}
