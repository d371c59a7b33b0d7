import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authenticatorDefaults } from '../../src/auth/authenticator-options.ts';
import { configSchema } from '../../src/config/schema.ts';
import { authLimitsOf, ldapLimitsOf, pop3LimitsOf, smtpLimitsOf } from '../../src/gateway/limits.ts';
import { defaultLdapLimits } from '../../src/ldap/limits.ts';
import { defaultPop3Limits } from '../../src/pop3/limits.ts';
import { defaultSmtpLimits } from '../../src/smtp/limits.ts';

const defaults = configSchema.parse({
  hostname: 'mail.test',
  tls: { key: 'key.pem', certificate: 'certificate.pem' },
  listener: [{ name: 'a', protocol: 'smtp', port: 0, tls: 'starttls' }],
});

test('the defaults of the configuration are the defaults of the parts', () => {
  assert.deepEqual(smtpLimitsOf(defaults), defaultSmtpLimits);
  assert.deepEqual(pop3LimitsOf(defaults), defaultPop3Limits);
  assert.deepEqual(ldapLimitsOf(defaults), defaultLdapLimits);
  assert.deepEqual(authLimitsOf(defaults), authenticatorDefaults);
});
