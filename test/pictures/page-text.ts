/** What a page says to whoever reads it, in lines, without what differs from run to run. */

const ENTITIES: Readonly<Record<string, string>> = { quot: '"', '#39': "'", lt: '<', gt: '>', amp: '&' };

/** The name of the style sheet says what is in it: a picture of other looks is another picture. */
export function pageText(html: string): string {
  const [style = ''] = /style-[0-9a-f]+\.css/.exec(html) ?? [];
  const said = html
    .replace(/^[\s\S]*?<body>|<svg[\s\S]*?<\/svg>/g, '')
    .replaceAll(
      /<(?:\/?(?:p|h\d|li|dt|dd|section|form|div|label|button|figcaption|header|main|footer|ul|ol|dl)|br)\b[^>]*>/g,
      '\n',
    )
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(quot|#39|lt|gt|amp);/g, (_, name: string) => ENTITIES[name] ?? '')
    .replaceAll(/\d{1,2} [A-Z][a-z]{2} \d{4}/g, 'DAY')
    .replaceAll(/DAY \d\d:\d\d CES?T/g, 'MOMENT')
    .replaceAll(/\b\d+\.\d+\.\d+\+\S+/g, 'VERSION')
    .replaceAll(/\b[0-9a-z]{13}\b(?=\n|$)/gm, 'ID')
    .replaceAll(/(?<=Connections\n\s*)\d+/g, 'N');
  const lines = said.split('\n').map((line) => line.trim());
  return [style, ...lines.filter((line) => line !== ''), ''].join('\n');
}
