/**
 * The keys of days, as whoever brings nodes to agreement on them needs them. A day is written
 * `2026-11-25`, in UTC.
 */
export interface StoreDays {
  /** Days whose keys this node needs to read what is stored. */
  used(): Promise<readonly string[]>;
  /**
   * Whether nothing of that day is left, so that its keys were destroyed, here or on another node.
   */
  isErased(day: string): Promise<boolean>;
  /** True while a message that began on that day is being written on this node. */
  isWriting(day: string): boolean;
  /** The keys of that day were destroyed in the key folder: nothing keeps one in memory. */
  forget(day: string): Promise<void>;
  /**
   * Another node has closed that day for the sake of an erased message: here too its keys are
   * destroyed, and those of the messages that are left are kept. False: something of that day is
   * still on its way, so it is to be asked again.
   */
  close(day: string): Promise<boolean>;
  /**
   * These messages of that day were erased on another node, and are to be closed in every backup:
   * notes them here too, so that it is done when that node is lost. False: the store still has one
   * of them, and nothing was noted.
   */
  noteErasing(day: string, messages: readonly bigint[]): Promise<boolean>;
  /**
   * Called when keys of a day, or of a message of it, were destroyed here or are about to be, and
   * the database knows it.
   */
  onErased(listener: (day: string) => void): void;
}

/**
 * Whether a node may make a key of `day` that it does not have: it may where it stands alone, and
 * hears why not where all nodes agree on keys ahead.
 */
export type MayMakeKey = (day: string) => { readonly may: true } | { readonly may: false; readonly why: string };
