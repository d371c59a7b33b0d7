type Arrays = Uint8Array | Float64Array | Uint32Array;

/** What such a method is given before its arguments: memory that its answer takes along, instead of a copy. It is gone here afterwards. */
export class Outgoing {
  readonly transfer: ArrayBuffer[] = [];

  /** Gives arrays away to another thread. Each must be alone in its memory. */
  give(...arrays: readonly Arrays[]): void {
    for (const { buffer } of arrays) this.transfer.push(buffer as ArrayBuffer);
  }
}
