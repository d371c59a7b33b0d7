/**
 * Lists as PostgreSQL receives them in its binary form (array_send in its source: number of
 * dimensions, whether there are nulls, type of the elements, length, first index; then each element
 * with its length). As text the octets of bodies would be written in hexadecimal and read again,
 * twice as long.
 */
const INT8 = 20;
const BYTEA = 17;
const TEXT = 25;
const BOOL = 16;
const NULL = -1;

/** Writes the head of a list into `all`; returns where its elements begin. */
function begin(all: Buffer, oid: number, length: number): number {
  all.writeInt32BE(length === 0 ? 0 : 1, 0);
  // There may be nulls; the server looks itself.
  all.writeInt32BE(1, 4);
  all.writeInt32BE(oid, 8);
  if (length === 0) return 12;
  all.writeInt32BE(length, 12);
  all.writeInt32BE(1, 16);
  return 20;
}

/** Of `bigint[]`. */
export function longs(values: readonly (number | bigint | null)[]): Buffer {
  const all = Buffer.allocUnsafe(20 + values.length * 12);
  let at = begin(all, INT8, values.length);
  for (const value of values) {
    at = all.writeInt32BE(value === null ? NULL : 8, at);
    if (value !== null) at = all.writeBigInt64BE(BigInt(value), at);
  }
  return all.subarray(0, at);
}

/** Of `boolean[]`. */
export const flags = (values: readonly boolean[]): Buffer =>
  elements(
    BOOL,
    values.map((value) => Buffer.of(value ? 1 : 0)),
  );

/** Of `text[]`. */
export const texts = (values: readonly (string | null)[]): Buffer =>
  elements(
    TEXT,
    values.map((value) => (value === null ? null : Buffer.from(value))),
  );

/** Of `bytea[]`. */
export const octets = (values: readonly (Uint8Array | null)[]): Buffer => elements(BYTEA, values);

function elements(oid: number, values: readonly (Uint8Array | null)[]): Buffer {
  const length = values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), 20);
  const all = Buffer.allocUnsafe(length);
  let at = begin(all, oid, values.length);
  for (const value of values) {
    at = all.writeInt32BE(value === null ? NULL : value.length, at);
    if (value === null) continue;
    all.set(value, at);
    at += value.length;
  }
  return all.subarray(0, at);
}
