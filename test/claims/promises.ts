/**
 * The rule by which a sentence of a page counts as a promise.
 *
 * Text outside code is cut into pieces: a list item, a paragraph or a cell, and in it what ends in
 * a full stop or a semicolon. A piece promises when it has one of the words below. Besides, some
 * pieces promise whatever their words: the items of the two lists of the README, the items of a
 * numbered list, and the column of a table that says what stands in the way or protects. Columns
 * that say what others try, what remains or where something lies promise nothing, and neither does
 * a map.
 */
const WORDS =
  /\b(never|always|every|each|only|at most|nothing|no one|nobody|no|none|alone|cannot|refuse[sd]?|at once|for ever)\b/i;

/** Heads of columns. What is in neither goes by its words. */
const PROMISING = ['what stands in the way', 'protected by'];
const SILENT = [
  ...['who', 'tries', 'what remains', 'key', 'lies', 'lost', 'place', 'what', 'criterion', 'the norm asks'],
  // Shown by the command beside them: rows of controls, whose table is held to that of the
  // statement.
  ...['control', 'what the gateway does', 'shown by', 'also'],
];
/** Lists whose items promise whatever their words. */
const LISTS = ['**What it does**', '**What it refuses to do**'];

export interface Piece {
  readonly text: string;
  /** Its list or table says that it promises, whatever its words. */
  readonly bound: boolean;
}

interface Block {
  readonly text: string;
  readonly promises: 'by words' | 'always';
}

function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let always = false;
  let list = false;
  let heads: readonly string[] | undefined;
  const end = (): void => {
    if (lines.length > 0) blocks.push({ text: lines.join(' '), promises: always ? 'always' : 'by words' });
    lines = [];
    always = false;
  };
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) heads = undefined;
    if (line.trim() === '' || line.startsWith('#')) {
      end();
      list = false;
    } else if (LISTS.includes(line)) {
      end();
      list = true;
    } else if (line.startsWith('|')) {
      end();
      const cells = line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim());
      if (heads === undefined) heads = cells;
      else if (!cells.every((cell) => cell.startsWith('---')))
        for (const [i, text] of cells.entries()) {
          const head = heads[i] ?? '';
          if (text !== '' && !SILENT.includes(head))
            blocks.push({ text, promises: PROMISING.includes(head) ? 'always' : 'by words' });
        }
    } else {
      const item = /^(- |\d+\. )/.exec(line)?.[1];
      if (item !== undefined) {
        end();
        always = list || item !== '- ';
      }
      lines.push(line.trim());
    }
  }
  end();
  return blocks;
}

/** What of a page promises: a piece by its words, or a whole block by its place. */
export function promisesOf(page: string): readonly Piece[] {
  const text = page
    .replaceAll(/```[\s\S]*?```/g, '')
    .replaceAll(/<!-- (kinds of data|contents)[\s\S]*?<!-- end of \w+ -->/g, '')
    .replace(/\n## Map\n[\s\S]*?(?=\n## |$)/, '\n');
  return blocksOf(text).flatMap((block) => {
    const pieces = block.text
      .split(/(?<=[.?!:]\*{0,2})\s+(?=[A-Z`*[])|;\s+/)
      .filter((piece) => WORDS.test(piece))
      .map((piece) => ({ text: piece, bound: false }));
    return block.promises === 'always' ? [{ text: block.text, bound: true }, ...pieces] : pieces;
  });
}

/** What the statement says, a sentence a line, is all promised. */
export const sentencesOf = (statement: string): readonly Piece[] =>
  [...new Set(statement.split('\n').filter((line) => line.startsWith('- ')))].map((line) => ({
    text: line.slice(2),
    bound: true,
  }));
