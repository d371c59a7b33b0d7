/**
 * The content that a laboratory sends: a MIME message with an interchange in base64. The key of the
 * message is the reference of the interchange.
 */
export function ediContent(key: string): { readonly fields: string; readonly body: string } {
  const reference = key.slice(1);
  const segments = [
    `UNB+UNOC:3+LAB:ZZ+PRACTICE:ZZ+261125:0100+${reference}`,
    `UNH+1+MEDLAB:1`,
    ...Array.from({ length: 150 }, (_, n) => `INV+${n + 1}+Hb:${(7 + (n % 40) / 10).toFixed(1)}:mmol/l+N`),
    `UNT+152+1`,
    `UNZ+1+${reference}`,
  ];
  const base64 = Buffer.from(`${segments.join("'")}'`, 'latin1').toString('base64');
  return {
    fields: `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${key}"\r\n`,
    body: [
      `--${key}`,
      ...['Content-Type: text/plain; charset=us-ascii', '', 'Results are attached.', `--${key}`],
      ...['Content-Type: application/edifact; name="results.edi"', 'Content-Transfer-Encoding: base64', ''],
      ...(base64.match(/.{1,76}/g) ?? []),
      ...[`--${key}--`, ''],
    ].join('\r\n'),
  };
}
