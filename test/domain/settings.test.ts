import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatOctets, parseOctets } from '../../src/domain/octets-text.ts';
import { parseSetting, settingOf, settingsTable } from '../../src/domain/settings.ts';
import { formatSetting } from '../../src/domain/settings/value.ts';

test('parseSetting() reads values in the units people write', () => {
  assert.deepEqual(parseSetting('account', 'quota', '3GiB'), { ok: true, value: 3 * 1024 ** 3 });
  assert.deepEqual(parseSetting('address', 'max-message', '25MB'), { ok: true, value: 25_000_000 });
  assert.deepEqual(parseSetting('organisation', 'line-ends', 'refuse'), { ok: true, value: 'refuse' });
  assert.deepEqual(parseSetting('organisation', 'closed-days', ' wed 2026-12-24..2027-01-03 '), {
    ok: true,
    value: 'wed 2026-12-24..2027-01-03',
  });
  for (const number of ['020 1234567', '+31 (0)20-123 45 67', 'none'])
    assert.deepEqual(parseSetting('account', 'directory-telephone', ` ${number}`), { ok: true, value: number });
  for (const value of [true, false]) {
    const text = formatSetting(settingsTable['implicit-login'].type, value);
    assert.equal(text, value ? 'yes' : 'no');
    assert.deepEqual(parseSetting('account', 'implicit-login', text), { ok: true, value });
  }
});

test('parseSetting() says which value was wrong and what was expected', () => {
  const cases: [Parameters<typeof parseSetting>, RegExp][] = [
    [['account', 'quotas', '1'], /"quotas" is not a setting of an account; expected one of: .*quota/],
    [['address', 'quota', '1GiB'], /not a setting of an address/],
    [['account', 'quota', 'much'], /"much" is not a value for quota; expected a size from 1MiB to 1024GiB/],
    [['account', 'messages-per-hour', '0'], /whole number from 1/],
    [['account', 'implicit-login', 'true'], /expected yes or no/],
    ...['112', 'bel Anna', '020 1234567 toestel 3', `0${'2'.repeat(40)}`, '020\n1234567'].map(
      (text): [Parameters<typeof parseSetting>, RegExp] => [
        ['account', 'directory-telephone', text],
        /expected none, or a telephone number of at most 32 signs/,
      ],
    ),
    [['account', 'line-ends', 'fix'], /normalise or refuse/],
    [['account', 'constructor', '1'], /not a setting/],
    [['account', 'closed-days', 'sat'], /"sat" is not a value for closed-days: "sat" is neither a weekday/],
  ];
  for (const [args, expected] of cases) {
    const result = parseSetting(...args);
    assert.ok(!result.ok);
    assert.match(result.error, expected);
  }
});

test('settingOf() takes the nearest value, then the default', () => {
  assert.equal(settingOf('quota', undefined, { quota: 5 }, { quota: 7 }), 5);
  assert.equal(settingOf('quota', {}, undefined), settingsTable.quota.default);
});

test('formatOctets() writes what parseOctets() reads back', () => {
  for (const n of [0, 1, 1023, 1024, 25 * 1024 ** 2, 2 * 1024 ** 3, 25_000_000])
    assert.equal(parseOctets(formatOctets(n)), n);
});
