/**
 * How a conversation between two gateways fails. The texts name what was expected and what to do:
 * they stand in the log, in `check` and in the metrics' help.
 */

/**
 * The line broke, stayed silent too long, or carried what no gateway says. The next round tries
 * again.
 */
export class ChannelBroken extends Error {
  override readonly name = 'ChannelBroken';
}

/**
 * Why a node is not spoken with, or why it does not do what it was asked. Stable: alarms may look
 * at them.
 */
export type RefusalCode =
  /** Two nodes have one name. */
  | 'same-name'
  | 'other-store'
  | 'other-master-key'
  /** The certificate is not of this cluster, or ended, or is for another name. */
  | 'certificate'
  /**
   * The certificate is of this cluster, and for no name in `cluster.peers` of the other side:
   * mostly a gateway that has just joined.
   */
  | 'not-listed'
  /** Too many requests or connections. */
  | 'too-much'
  /** No request that this version knows. */
  | 'unknown-request'
  /** The store has not erased that day, or something of it is still being written. */
  | 'not-erased'
  /** The day was erased or closed here: its keys come back by no road. */
  | 'gone'
  /** No such key here. */
  | 'no-key'
  | 'failed';

/** The other gateway answered with a refusal. */
export class PeerRefused extends Error {
  override readonly name = 'PeerRefused';
  readonly code: RefusalCode;
  constructor(code: RefusalCode, text: string) {
    super(text);
    this.code = code;
  }
}
