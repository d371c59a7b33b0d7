/**
 * What a mail program can read, beyond what every program for S/MIME reads (RFC 8551 section
 * 2.5.2): registered by the operator, or seen in a signed message. The names are those that the
 * command line takes.
 */
export const MAIL_CAPABILITIES = [
  'aes-256-gcm',
  'aes-128-gcm',
  'aes-256-cbc',
  'aes-128-cbc',
  'rsa-oaep',
  'rsa-pss',
] as const;
export type MailCapability = (typeof MAIL_CAPABILITIES)[number];

export const isMailCapability = (text: string): text is MailCapability =>
  (MAIL_CAPABILITIES as readonly string[]).includes(text);
