/**
 * Several files over one call (`Call.send`): a piece that begins with the mark names the file that
 * the next pieces belong to. No file has a NUL: neither JSON nor a message that was accepted.
 */
export const FILE_MARK = '\u0000file ';
