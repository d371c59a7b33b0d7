/** Which process holds a lock on a file: for messages alone, nothing is decided by it. */
export interface LockHolder {
  readonly process: number;
  /** `sluis status`. Absent if it is no command of ours, or of another user who hides it. */
  readonly command?: string;
}

/** `process 4711 (sluis account)`; of one that nobody can tell, `another process`. */
export const holderText = (holder: LockHolder | undefined): string =>
  holder === undefined
    ? 'another process'
    : `process ${holder.process}${holder.command === undefined ? '' : ` (${holder.command})`}`;
