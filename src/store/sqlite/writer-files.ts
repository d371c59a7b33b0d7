/** Names of files in the data folder. */
export const DATABASE_FILE = 'sluis.db';
/**
 * Name that the database gets when its store was moved to PostgreSQL: nobody serves it any more.
 */
export const MOVED_FILE = 'sluis-moved.db';
