type Arrays = Uint8Array | Float64Array | Uint32Array;

/**
 * Given to a method before its arguments: memory that its answer transfers instead of copying. It
 * is gone here afterwards.
 */
export class Outgoing {
  readonly transfer: ArrayBuffer[] = [];

  /** Transfers arrays to another thread. Each must be alone in its memory. */
  give(...arrays: readonly Arrays[]): void {
    for (const { buffer } of arrays) this.transfer.push(buffer as ArrayBuffer);
  }
}
