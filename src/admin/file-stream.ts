/**
 * Sends several files over one call (`Call.send`). A piece that begins with this mark names the
 * file to which the next pieces belong. No file can contain the mark, because it has a NUL: neither
 * JSON nor an accepted message has one.
 */
export const FILE_MARK = '\u0000file ';
