/**
 * What a page of reference says of a thing beyond its one sentence: lines of Markdown, by its name.
 */
export type Notes = Readonly<Record<string, readonly string[]>>;
