/** The keys of days, as whoever brings nodes to agreement on them needs them. A day is written `2026-11-25`, in UTC. */
export interface StoreDays {
  /** Whether nothing of that day is left, so that its keys were destroyed, here or on another node. */
  isErased(day: string): Promise<boolean>;
  /** Whether a message that began on that day is still on its way on this node. */
  isWriting(day: string): boolean;
  /** The keys of that day were destroyed in the key folder: nothing keeps one in memory. */
  forget(day: string): Promise<void>;
  /**
   * Another node has closed that day for the sake of an erased message: here too its keys are destroyed, and those of the messages that are left are
   * kept. False: something of that day is still on its way, so it is to be asked again.
   */
  close(day: string): Promise<boolean>;
  /** Called when the keys of a day were destroyed here, and the database knows it. */
  onErased(listener: (day: string) => void): void;
}

/**
 * Whether a node may make a key of `day` that it does not have: it may where it stands alone, and hears why not where all nodes agree on keys ahead.
 */
export type MayMakeKey = (day: string) => { readonly may: true } | { readonly may: false; readonly why: string };
