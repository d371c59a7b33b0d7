/** The statement as plain text. */
import { table } from '../../cli/output.ts';
import type { Block, Paper } from './paper.ts';

const underlined = (title: string, line: string): string => `${title}\n${line.repeat(title.length)}`;

export const textOf = ({ title, parts }: Paper): string =>
  `${[
    underlined(title, '='),
    ...parts.map((part) =>
      [...(part.title === undefined ? [] : [underlined(part.title, '~')]), ...part.blocks.map(blockText)].join('\n\n'),
    ),
  ].join('\n\n')}\n`;

function factsText(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text;
    case 'command':
      return `    ${block.command}`;
    case 'facts':
      return factsText(block.facts);
    case 'claims':
      return block.claims.map(({ text, source }) => `- ${text}\n  [${source}]`).join('\n');
    case 'table':
      return table(block.header, block.rows);
  }
}
