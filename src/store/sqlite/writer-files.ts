/** Names of files in the data folder. */
export const DATABASE_FILE = 'sluis.db';
