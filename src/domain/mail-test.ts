/**
 * What internet.nl's test of a mail server asks, by the names of its API (version 2); in its order.
 */
export const MAIL_TESTS = [
  ...['mail_ipv6_ns_address', 'mail_ipv6_ns_reach', 'mail_ipv6_mx_address', 'mail_ipv6_mx_reach'],
  ...['mail_dnssec_mailto_exist', 'mail_dnssec_mailto_valid', 'mail_dnssec_mx_exist', 'mail_dnssec_mx_valid'],
  ...['mail_auth_dmarc_exist', 'mail_auth_dmarc_policy', 'mail_auth_dkim_exist'],
  ...['mail_auth_spf_exist', 'mail_auth_spf_policy'],
  ...['mail_starttls_tls_available', 'mail_starttls_tls_version', 'mail_starttls_tls_ciphers'],
  ...['mail_starttls_tls_cipherorder', 'mail_starttls_tls_keyexchange', 'mail_starttls_tls_keyexchangehash'],
  ...['mail_starttls_tls_compress', 'mail_starttls_tls_secreneg', 'mail_starttls_tls_clientreneg'],
  'mail_starttls_tls_0rtt',
  ...['mail_starttls_cert_chain', 'mail_starttls_cert_pubkey', 'mail_starttls_cert_sig', 'mail_starttls_cert_domain'],
  ...['mail_starttls_dane_exist', 'mail_starttls_dane_valid', 'mail_starttls_dane_rollover'],
  ...['mail_rpki_exist', 'mail_rpki_valid', 'mail_ns_rpki_exist', 'mail_ns_rpki_valid'],
  ...['mail_mx_ns_rpki_exist', 'mail_mx_ns_rpki_valid'],
] as const;
export type MailTest = (typeof MAIL_TESTS)[number];

/** `unknown`: it cannot be judged from here, or there is nothing to judge yet. */
export const MAIL_TEST_RESULTS = ['pass', 'fail', 'unknown'] as const;

export interface MailTestResult {
  readonly name: MailTest;
  readonly result: (typeof MAIL_TEST_RESULTS)[number];
  readonly why: string;
}
