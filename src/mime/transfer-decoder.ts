/** What undoes a Content-Transfer-Encoding, slice by slice (RFC 2045 section 6). */
export interface TransferDecoder {
  /** The octets that `slice` brings. Valid until the next call. */
  push(slice: Buffer): Buffer;
  /** The octets that were still held back when the content ended. */
  end(): Buffer;
  /**
   * False once the content has something that two programs may decode differently: other programs
   * may see other octets then.
   */
  readonly exact: boolean;
}
