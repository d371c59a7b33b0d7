/** Limits of the API that are no choice of the operator. */
export const MIB = 1_048_576;
/** Most octets of a request line and its headers. */
export const MAX_HEADER = 16_384;
export const MAX_HEADERS = 64;
/** Longest path with its query. */
export const MAX_TARGET = 4096;
/** Most parameters of a query. */
export const MAX_QUERY = 32;
