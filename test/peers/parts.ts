/**
 * Takes a message apart with Python's email package: an independent reader, not the code under
 * test.
 */
import { run } from './run.ts';

export interface Part {
  readonly type: string;
  readonly charset: string | null;
  readonly name: string | null;
  /** Of the decoded content. */
  readonly octets: number;
  readonly sha256: string;
  /** Of text parts: decoded content with LF line ends, base64. */
  readonly text: string | null;
}

const READ = `
import base64, email, email.policy, hashlib, json, sys
mail = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
parts = []
for part in mail.walk():
    if part.is_multipart(): continue
    raw = part.get_payload(decode=True)
    plain = part.get_content_type() == 'text/plain'
    parts.append({
        'type': part.get_content_type(), 'charset': part.get_content_charset(), 'name': part.get_filename(),
        'octets': len(raw), 'sha256': hashlib.sha256(raw).hexdigest(),
        'text': base64.b64encode(raw.replace(b'\\r\\n', b'\\n')).decode() if plain else None,
    })
json.dump({'subject': mail['Subject'], 'parts': parts}, sys.stdout)
`;

export async function partsOf(
  message: Buffer,
  home: string,
): Promise<{ readonly subject: string; readonly parts: readonly Part[] }> {
  const out = await run('python3', ['-c', READ], { home, input: message });
  return JSON.parse(out.toString('utf8')) as { subject: string; parts: Part[] };
}
