/** The version and the build of this program, for manifests, reports and the control socket. */
import { readFileSync } from 'node:fs';

/** The version of the package, such as `0.2.0`. */
export const programVersion = (): string => {
  const read = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return read.version;
};

/** The commit, as scripts/prepack.mjs writes it into a package. */
interface Commit {
  /** 12 hex digits. */
  readonly hash: string;
  /** The day of the commit in UTC, such as `2026-11-27`. */
  readonly date: string;
  /** True if a source was not as in the commit. */
  readonly changed: boolean;
}

/**
 * The version with the commit that it comes from, in the form of a semantic version with build
 * metadata: `0.2.0+2026-12-02.0123456789ab` in a package, with `.changed` at the end if its sources
 * were not those of the commit; `0.2.0+checkout.0123456789ab` in a checkout, whose sources may
 * differ from that commit; `0.2.0+unknown` if nothing tells.
 */
export const buildVersion = (): string => `${programVersion()}+${packed() ?? checkedOut() ?? 'unknown'}`;

function packed(): string | undefined {
  const said = textAt('../commit.json');
  if (said === undefined) return undefined;
  const { commit } = JSON.parse(said) as { commit?: Commit };
  return commit && `${commit.date}.${commit.hash}${commit.changed ? '.changed' : ''}`;
}

/**
 * Read from the files of git: every command says its version to the gateway, and starts no program
 * for it.
 */
function checkedOut(): string | undefined {
  const head = textAt('../../.git/HEAD');
  const [, ref] = /^ref: (\S+)$/m.exec(head ?? '') ?? [];
  const hash = ref === undefined ? head : (textAt(`../../.git/${ref}`) ?? packedRef(ref));
  return hash && `checkout.${hash.slice(0, 12)}`;
}

const packedRef = (ref: string): string | undefined =>
  textAt('../../.git/packed-refs')
    ?.split('\n')
    .find((line) => line.endsWith(` ${ref}`));

/** A missing file is no reason to refuse a command. */
function textAt(place: string): string | undefined {
  try {
    return readFileSync(new URL(place, import.meta.url), 'utf8');
  } catch {
    return undefined;
  }
}
