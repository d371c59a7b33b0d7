/** What a browser sends for a form with a file. */

export interface FormWithFile {
  readonly type: string;
  readonly body: Buffer;
}

/** `file`: undefined if the file field was left empty. */
export function formWithFile(
  fields: Readonly<Record<string, string>>,
  file: string | Buffer | undefined,
  mark = '----form7f3a91',
): FormWithFile {
  const parts = Object.entries(fields).map(([name, value]) =>
    Buffer.from(`--${mark}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
  );
  const head = `--${mark}\r\nContent-Disposition: form-data; name="file"; filename="${file === '' ? '' : 'x.csv'}"\r\nContent-Type: text/csv\r\n\r\n`;
  const given = file === undefined ? [] : [Buffer.from(head), Buffer.from(file), Buffer.from('\r\n')];
  return {
    type: `multipart/form-data; boundary=${mark}`,
    body: Buffer.concat([...parts, ...given, Buffer.from(`--${mark}--\r\n`)]),
  };
}
