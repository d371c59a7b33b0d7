/** The version and the build of this program, for manifests, reports and the control socket. */
import { readFileSync } from 'node:fs';

/** The version of the package, such as `0.2.0`. */
export const programVersion = (): string => {
  const read = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return read.version;
};

/** The commit, as scripts/build.mjs writes it beside the compiled program. */
interface Commit {
  /** 12 hex digits. */
  readonly hash: string;
  /** The day of the commit in UTC, such as `2026-11-27`. */
  readonly date: string;
  /** True if a source was not as in the commit. */
  readonly changed: boolean;
}

/**
 * The version with the commit that it was built from, in the form of a semantic version with build
 * metadata: `0.2.0+2026-12-02.0123456789ab`, with `.changed` at the end if the sources were not
 * those of the commit, and `0.2.0+unknown` if the build could not tell.
 */
export const buildVersion = (): string => `${programVersion()}+${buildOf(readCommit())}`;

const buildOf = (commit: Commit | undefined): string =>
  commit === undefined ? 'unknown' : `${commit.date}.${commit.hash}${commit.changed ? '.changed' : ''}`;

/**
 * Also undefined if the file is missing: every command reads it, and a missing name is no reason to
 * refuse a command.
 */
function readCommit(): Commit | undefined {
  try {
    return (JSON.parse(readFileSync(new URL('../commit.json', import.meta.url), 'utf8')) as { commit?: Commit }).commit;
  } catch {
    return undefined;
  }
}
