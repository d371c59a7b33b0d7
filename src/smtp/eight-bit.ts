/** True when any octet is above 127; reads no further than the first one. */
export async function hasEightBit(slices: AsyncIterable<Uint8Array>): Promise<boolean> {
  for await (const slice of slices) {
    for (const octet of slice) if (octet > 127) return true;
  }
  return false;
}
