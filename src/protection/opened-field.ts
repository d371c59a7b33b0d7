/**
 * Says on top of a message that the gateway decrypted it, and what that is worth. What a submitted
 * message says of itself is removed (mime/final-fields.ts).
 */
const OPENED_FIELD = 'Sluis-Opened';

/**
 * `whole`: nobody changed it on the way. `unproven`: it was encrypted in a way that anybody can
 * change unnoticed, and no signature inside proves that nobody did (EFAIL). `failed`: it could not
 * be opened, and is attached as it came.
 */
export type Opening = 'whole' | 'unproven' | 'failed';

export const openedField = (opening: Opening, how = ''): string =>
  `${OPENED_FIELD}: ${opening}${how === '' ? '' : ` (${how})`}\r\n`;
