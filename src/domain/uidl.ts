/** UIDLs of other servers. RFC 1939 section 7: one to 70 characters in the range 0x21 to 0x7E. */

export const MAX_UIDL = 70;

export const isUidl = (text: string): boolean => /^[\x21-\x7e]{1,70}$/.test(text);
