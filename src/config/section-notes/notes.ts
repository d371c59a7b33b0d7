/**
 * What a reference page says about things beyond their one sentence: lines of Markdown, by the name
 * of the thing.
 */
export type Notes = Readonly<Record<string, readonly string[]>>;
