/**
 * For tests that claims name: a change of the code after which the promise no longer holds, and
 * which the test must notice.
 *
 * A file below `src/`, texts that stand in it once, and what stands in their place; two where two
 * lines defend the same. Whoever rewrites such a line writes the change again here:
 * `claims.test.ts` says which.
 */
import type { Break } from './claim.ts';

const change = (file: string, ...edits: Break['edits']): Break => ({ file: `src/${file}`, edits });

/** By the test, as `shownBy` names it. */
export const BREAKS: ReadonlyMap<string, Break> = new Map([
  [
    'smtp/submission: a registered sender reaches a registered addressee, and nobody else',
    change('domain/policy.ts', [
      "    '5.1.1',\n    '{address} is not registered in this group; check the address',",
      "    '5.2.1',\n    '{address} is not registered in this group; check the address',",
    ]),
  ],
  [
    'domain/policy: unregistered and ended look the same, suspended is told apart',
    change('domain/policy.ts', ["    found.account.state === 'ended' ||\n", '']),
  ],
  [
    'push/push: a wrong certificate gets nothing until it is right again',
    change('smtp/partner-tls.ts', [
      '    ...(byTlsa ? { rejectUnauthorized: false } : {}),',
      '    rejectUnauthorized: false,',
    ]),
  ],
  [
    'smtp/courier: a certificate of another authority is not trusted (${tls})',
    change('smtp/partner-tls.ts', [
      '    ...(byTlsa ? { rejectUnauthorized: false } : {}),',
      '    rejectUnauthorized: false,',
    ]),
  ],
  [
    'smtp/courier: a certificate of another name is not trusted (${tls})',
    change('smtp/partner-tls.ts', [
      '  if (wrongName !== undefined || pins === undefined) return wrongName;',
      '  if (pins === undefined) return undefined;',
    ]),
  ],
  [
    'smtp/courier: a certificate that is not pinned is not trusted (${tls})',
    change('smtp/partner-tls.ts', [
      '  if (pins === undefined || pins.length === 0) return undefined;',
      '  if (pins !== undefined) return undefined;',
    ]),
  ],
  [
    'smtp/courier: a server without STARTTLS gets nothing',
    change(
      'smtp/partner-connection.ts',
      ['      requireTLS: true,', '      requireTLS: false,'],
      ['        else if (!smtp.secure) resolve(', '        else if (smtp.closed) resolve('],
    ),
  ],
  [
    'smtp/courier: a 250 before the end of the message does not make it taken',
    change('smtp/strict-connection.ts', ["    if (this.phase !== 'dot') {", "    if (this.phase === 'session') {"]),
  ],
  [
    'gateway: after a failed sync no 250 follows, and the gateway says that it has failed',
    change('store/sqlite/group-commit.ts', [
      '    if (this.#o.testing.answerBeforeCommit === true) {',
      '    if (written >= 0) {',
    ]),
  ],
  [
    'smtp/content: every octet of a complete message stays (200 random messages, seeded)',
    change('smtp/data-decoder.ts', ['        from += 1;', '        from += 2;']),
  ],
  [
    'smtp/content: a message without Date or Message-ID gets them; Bcc and verdicts go; nothing else moves',
    change('submission/header-rules.ts', [
      "  name === 'bcc' || name === 'resent-bcc' ||",
      "  name === 'resent-bcc' ||",
    ]),
  ],
  [
    'smtp/content: no spelling of a verdict comes through; the one on top is ours and says that nothing was checked',
    change('submission/header-rules.ts', ['isVerdict(name) || isFinalField(name)', 'isFinalField(name)']),
  ],
  [
    'smtp/content: bare line ends are made CRLF and counted, or refused where the account is set so; NUL is always refused',
    change('smtp/data-decoder.ts', [
      'return judged(slice, this.met, this.#normalise);',
      'return judged(slice, this.met, false);',
    ]),
  ],
  [
    'smtp/data-decoder: only CRLF.CRLF ends the data, wherever packets are cut (20,000 cuts of adversarial text, seeded)',
    change('smtp/data-decoder.ts', [
      '} else if (next === CR && data[at + 4] === LF) {',
      '} else if (next === CR || next === LF) {',
    ]),
  ],
  [
    'submission/submission: MAIL FROM must be an address of the account, or one that is delegated to it',
    change('submission/submission.ts', [
      "return allowed ? ok(address.value) : fail(foreignSender('MAIL FROM'));",
      "return allowed || path !== '' ? ok(address.value) : fail(foreignSender('MAIL FROM'));",
    ]),
  ],
  [
    'smtp/transaction: From and Sender must be the account itself, once and plainly',
    change('submission/header-rules.ts', [
      '  if (!(await context.maySendAs(address.value))) return fail(foreignSender(what));\n',
      '',
    ]),
  ],
  [
    'smtp/transaction: a message that loops is refused',
    change('submission/header-rules.ts', ['received.length > MAX_RECEIVED || own >= 2', 'own >= 99']),
  ],
  [
    'claims/told: a name that shows an address of somebody else is refused in From, Sender and Reply-To',
    change('submission/header-rules.ts', ['return fail(refusals.nameLies({ name }));', 'continue;']),
  ],
  [
    'smtp/courier-dane: a certificate that meets no record is refused, whoever issued it, and its owner hears no login',
    change('smtp/partner-tls.ts', ['  if (!met.ok) return new WrongTlsa(met.error);', "  if (!met.ok) return '';"]),
  ],
  [
    "smtp/courier-dane: what a partner's record demands holds besides: authorities, pins, name",
    change('smtp/partner-tls.ts', ['  return pinError(pins, certificate) ?? met.value;', '  return met.value;']),
  ],
  [
    'smtp/courier-dane: where nobody can say whether there are records nothing is connected to',
    change('smtp/partner-connection.ts', [
      "      if (found.kind === 'failed') return this.#lost('lookup', found.text);\n",
      '',
    ]),
  ],
  [
    'dns/tlsa-lookup: records that were not validated count for nothing',
    change('dns/tlsa-lookup.ts', ['    if (!answer.secure) {', "    if (answer.code === 'NXDOMAIN') {"]),
  ],
  [
    'dns/tlsa-lookup: a name that an unsigned alias leads to has no say, however well it is signed itself',
    change('dns/tlsa-lookup.ts', [
      "  return alias.secure ? [host] : 'insecure';",
      '  return alias.secure ? [host] : [name];',
    ]),
  ],
  [
    'push/dkim: a delivery is signed for a partner who wants it and for nobody else, and the trail says by which domain',
    change('push/attempt.ts', ['destination.dkim === true ? await', 'dkim !== undefined ? await']),
  ],
  [
    'push/dkim: a place that wants signed mail is paused where not every message could be signed',
    change('push/partner-destinations.ts', [
      "    if (server.dkim === true && !signs) return { kind: 'paused', name, why: UNSIGNED };\n",
      '',
    ]),
  ],
  [
    'crypto/dkim: fields are signed in the relaxed form, from the bottom up, those of who wrote what once more than they are there',
    change('crypto/dkim/dkim.ts', ['    if (OVERSIGNED.includes(name)) names.push(name);\n', '']),
  ],
  [
    'crypto/dkim: a key that cannot be used is an error that says which and what to do, never one key less',
    change('crypto/dkim/dkim-keys.ts', ['    if ((mode & 0o077) !== 0)', '    if ((mode & 0o007) === 0o007)']),
  ],
  [
    'scan/step: malware is refused with its name, with a row in the trail and an event in the log',
    change('scan/step.ts', [
      "  if (ruling.kind === 'found' || ruling.kind === 'refused') return",
      "  if (ruling.kind === 'refused') return",
    ]),
  ],
  [
    'scan/step: what the gateway opens is scanned before it is filed',
    change('scan/opened.ts', [
      '    if (passesExempt(parts, message)) return openedAs(opened, EXEMPT);',
      '    if (passesExempt(parts, message) || opened.opening !== undefined) return openedAs(opened, EXEMPT);',
    ]),
  ],
  [
    'scan/step: of what may have been changed on its way the sender learns nothing: the addressee gets it unopened, with the reason in the trail',
    change('scan/opened.ts', ["const told = opened.opening === 'whole' && (", 'const told = (']),
  ],
  [
    'scan/step: a scanner that fails over what was opened is told of only where the sender wrote all of it',
    change('scan/opened.ts', ["const told = opened.opening === 'whole' && (", 'const told = (']),
  ],
  [
    'scan/scanner: scan() believes no OK of a scanner that says OK beyond its limits, of ${what}',
    change('scan/trust.ts', [
      "    if (verdict.kind === 'clean') return { kind: 'silent', what: name };\n",
      "    if (verdict.kind === 'clean') continue;\n",
    ]),
  ],
  [
    'scan/scanner: scan() lets half of its places to one account, and gives the next one to another',
    change('scan/scanner.ts', ['each: Math.ceil(running / 2)', 'each: running']),
  ],
  [
    'scan/verdict: verdictOf() takes nothing else for a verdict',
    change('scan/verdict.ts', ["if (text === 'stream: OK') return", "if (text.startsWith('stream: OK')) return"]),
  ],
  [
    'scan/verdict: verdictOf() lets no name write into a reply',
    change('scan/verdict.ts', [".slice(0, LONGEST_NAME).replace(UNUSUAL, '?')", '.slice(0, LONGEST_NAME)']),
  ],
  [
    'scan/line: askClamd() takes no more content than a slow scanner does, and gives it up in time',
    change('scan/line.ts', ['    if (!room) {', '    if (room) {']),
  ],
  [
    'claims/told: a scanner on another machine is refused by the configuration',
    change('config/fields/host-ports.ts', [
      "      if (isPath(raw) && isAbsolute(raw)) return { path: raw };\n      const found = typeof raw === 'string' ? hostPortOf(raw) : undefined;\n      return found !== undefined && isLoopback(found.host) ? found : undefined;",
      "      if (isPath(raw) && isAbsolute(raw)) return { path: raw };\n      return typeof raw === 'string' ? hostPortOf(raw) : undefined;",
    ]),
  ],
  [
    'claims/told: a listener speaks what the pages name, and neither IMAP nor web mail',
    change('config/sections/listeners.ts', [
      "    ['smtp', 'pop3', 'ldap', 'enrolment',",
      "    ['smtp', 'imap', 'pop3', 'ldap', 'enrolment',",
    ]),
  ],
  [
    'claims/told: a one-time code has 79 bits, and five tries',
    change('crypto/passwords/enrolment-code.ts', [
      "return { ...parts(code.replaceAll('-', '')), code };",
      "return { ...parts(code.replaceAll('-', '')), code: code.slice(0, -5) };",
    ]),
  ],
  [
    'claims/told: a password of a program has 256 random bits',
    change('crypto/keys/token.ts', [
      "random(32).toString('base64url')",
      "random(16).toString('base64url').padEnd(43, 'A')",
    ]),
  ],
  [
    'claims/told: rows go to a collector with who and from where, and without where the operator says so',
    change('domain/nen7513.ts', [
      'const personal = told && row.personal !== null ?',
      'const personal = row.personal !== null ?',
    ]),
  ],
  [
    'claims/told: an anchor of the trail has numbers and hashes, and no person',
    change('trail/anchors.ts', [
      'const line = `${anchorLine({ ...head, hostname, at }, await keys())}\\n`;',
      'const line = `${anchorLine({ ...head, hostname, at }, await keys()).replace(\'{\', \'{"by":"anna",\')}\\n`;',
    ]),
  ],
  [
    'claims/counted: the group is counted: active accounts, by what each can log in with, and whose they are',
    change('commands/statement/group.ts', [
      "    if (one.account.state !== 'active' || one.account.kind === 'probe') continue;",
      "    if (one.account.kind === 'probe') continue;",
    ]),
  ],
  [
    'claims/counted: what the statement says of roles, retention and backups is what the gateway has',
    change('commands/statement/facts.ts', [
      'operators.filter((one) => one.role === role).length',
      'operators.filter((one) => one.role !== role).length',
    ]),
  ],
  [
    'commands/statement: what an account can log in with, by what it has and what its settings ask for',
    change('commands/statement/group.ts', [
      "  if (asked === 'both') return password && certificate ? 'both' : 'none';",
      "  if (asked === 'both') return 'both';",
    ]),
  ],
  [
    'cli/statement: a standby that is off, or one place alone, changes the sentence about the second place',
    change('commands/statement/claims-places.ts', [
      'if (primary === undefined || standby === undefined || aloneUntil !== undefined)',
      'if (primary === undefined || standby === undefined)',
    ]),
  ],
  [
    'cli/statement: a listener that is weaker is not in place, beside others that meet the guideline',
    change('commands/statement/claims-access.ts', [
      "    if (worst === 'phase out')",
      "    if (worst === 'insufficient')",
    ]),
  ],
  [
    'cli/statement: mail to partners: what their servers must show, and those to whom nothing goes',
    change('commands/statement/partners.ts', [
      "  if (state !== 'active' || (dane === 'required' && !resolves)) return 'halted';",
      "  if (state !== 'active') return 'halted';",
    ]),
  ],
  [
    'commands/statement: the annex has each area of article 28 GDPR, in place or not',
    change('commands/statement/claims-processor.ts', ["    instructions(privacy['processor-agreement']),\n", '']),
  ],
  [
    'cli/controls: what was exported is checked without the gateway, and one without names has none',
    change('commands/audit/export.ts', ['[!what.withoutPersonal, ', '[true, ']),
  ],
  [
    'cli/statement: drills: never, good, lapsed',
    change('commands/statement/claims-places.ts', [
      '  if (due.length > 0) return say(id, false, ...dated(words.lapsed, last.good ?? last.at), last.at);\n',
      '',
    ]),
  ],
  [
    'cli/statement: what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays',
    change('commands/statement/given.ts', [
      "    if (octets.length === 0) refuse(path, 'it is empty; name the file that the auditor gave');\n",
      '',
    ]),
  ],
  [
    'commands/statement: all in place says so of each sentence, and nothing set up says so of each that can be missing',
    change('commands/statement/claims-places.ts', [": say('backup.newest', false,", ": say('backup.newest', true,"]),
  ],
  [
    'auth/throttle: the first guesses are judged at once, then each failure doubles the wait up to the cap',
    change('auth/throttle.ts', [
      'return milliseconds(Math.max(fresh ? 0 : forAccount, forNetwork));',
      'return milliseconds(0);',
    ]),
  ],
  [
    'auth/throttle: a network that the account knows is not held up by strangers, in whatever number',
    change('auth/throttle.ts', [
      '    if (!this.#known.has(login, network, now)) return stranger;\n',
      '    return stranger;\n',
    ]),
  ],
  [
    'auth/authenticate: unknown login, wrong password, suspended, ended, impossible: refused alike, after one hash each',
    change('auth/password-login.ts', [
      '    if (valid.length === 0) await this.#parts.verify(this.#parts.dummy, text);\n',
      '',
    ]),
  ],
  [
    'pickup/stuck: so many sessions in a row that end at one message are enough, and it is done once',
    change('pickup/stuck.ts', [
      '    if (seen.times < after || done || this.#acting.has(seen)) return;',
      '    if (seen.times < after || this.#acting.has(seen)) return;',
    ]),
  ],
  [
    'pickup/stuck: a program that fails at whatever comes first has one message taken from it, and then nobody touches its mail',
    change('pickup/stuck.ts', ["    const wanted = aside ? 'tell' : what;", '    const wanted = what;']),
  ],
  [
    'ca/issue: wrong secrets for a known code use its tries up, and then the right one does not hold either',
    change('store/changes/enrolments.ts', [
      'SET tries_left = tries_left - 1 WHERE id',
      'SET tries_left = tries_left WHERE id',
    ]),
  ],
  [
    'ca/issue: a code fetches one certificate, for the account and the use that it was made for',
    change('store/changes/enrolments.ts', [
      '  yield* sql.run`UPDATE enrolment SET collected = ${by} WHERE id = ${id}`;\n',
      '',
    ]),
  ],
  [
    'enrolment: wrong codes are throttled, answered at one time, and stand in the trail as one row',
    change('ca/enrol/window.ts', [
      "    await this.#onGrid(came, signal);\n    return { kind: 'refused' };",
      "    return { kind: 'refused' };",
    ]),
  ],
  [
    'smtp/session: nobody logs in or sends before TLS',
    change('smtp/session.ts', ['    if (!this.#wire.secure) return replies.needTls;\n', '']),
  ],
  [
    'platform/tls: a TLS 1.1 client is refused in the handshake',
    change(
      'platform/tls.ts',
      ["  minVersion: 'TLSv1.2',\n  maxVersion", "  minVersion: 'TLSv1.1',\n  maxVersion"],
      [
        "intermediate: { ...common, ciphers: [...tls13Suites, ...aeadSuites].join(':')",
        "intermediate: { ...common, ciphers: [...tls13Suites, ...aeadSuites, ...cbcSuites, '@SECLEVEL=0'].join(':')",
      ],
      ['  sigalgs: [', '  notUsed: ['],
    ),
  ],
  [
    'platform/tls: a client that offers only CBC suites is refused in the handshake',
    change('platform/tls.ts', [
      "intermediate: { ...common, ciphers: [...tls13Suites, ...aeadSuites].join(':')",
      "intermediate: { ...common, ciphers: [...tls13Suites, ...aeadSuites, ...cbcSuites].join(':')",
    ]),
  ],
  [
    'platform/tls: a client of TLS 1.3 that offers nothing but X25519MLKEM768 is taken, and openssl agrees on it by itself',
    change('platform/tls.ts', ["= [POST_QUANTUM, 'X25519', 'prime256v1'", "= ['X25519', 'prime256v1'"]),
  ],
  [
    'platform/tls: serverTlsOptions() refuses material that cannot be served and says what to do',
    change('platform/tls.ts', [
      '  if (!certificate.checkPrivateKey(keyOf(key, itsKey)))',
      "  if (certificate.subject === 'none')",
    ]),
  ],
  [
    'smtp/edi-guard: a refusal names what is wrong in one line, and files nothing for anybody',
    change('middleware/edi-guard.ts', [
      "  if (verdict.kind === 'refuse') return { kind: 'refused', refusal: verdict.refusal };\n",
      '',
    ]),
  ],
  [
    'smtp/edi-guard: an addressee decides of what reaches it: only its own copy is held, sender and operator are told at once',
    change('middleware/edi-guard.ts', ['all || named.has(addressKey(to.address))', 'all || holding.length > 0']),
  ],
  [
    'smtp/edi-guard: a warning is in the trace and the log with parties and reference, and nothing of a message; the octets are untouched',
    change('middleware/edi-guard.ts', [
      '    ...findings.slice(0, MAX_TOLD).map((finding) => eventOf(message, finding)),\n',
      '',
    ]),
  ],
  [
    'store/sqlite-opening: a database of a newer program is refused',
    change('store/sqlite/migrate.ts', ['  if (version > newest)', '  if (version > newest + 99)']),
  ],
  [
    'store/sqlite-opening: a store without a database is refused, and says whether it was ever initialised',
    change('store/sqlite/open.ts', [': keys.storeId === undefined', ': keys.storeId !== undefined']),
  ],
  [
    'store/sqlite-opening: a wrong sealing key is refused, the right one still opens',
    change('store/sqlite/check-database.ts', ['|| !keys.checks(check)) {', '|| check.length === 0) {']),
  ],
  [
    'store/unread-pages: damage in what mail only adds to ends the store once it is found, and no later start serves it',
    change('store/sqlite/unread-pages.ts', ['      failed(new StoreFailed(', '      void (new StoreFailed(']),
  ],
  [
    'store/sqlite-contract: an ended address is never given to anybody again, and an ended account ends its addresses',
    change('store/changes/addresses.ts', ["  if (state === 'ended')\n", '  if (state === undefined)\n']),
  ],
  [
    'store/sqlite-sealing: no octet of a message and no key stands in the data folder',
    change('crypto/keys/sealing.ts', [
      '  const octets = cipher.update(plain);\n',
      '  cipher.update(plain);\n  const octets = Buffer.from(plain);\n',
    ]),
  ],
  [
    'crypto/sealing: every flipped bit of a sealed chunk is noticed',
    change('crypto/keys/sealing.ts', [
      '.setAAD(bound).setAuthTag(tag);',
      '.setAAD(bound).setAuthTag(tag); decipher.final = () => Buffer.alloc(0);',
    ]),
  ],
  [
    'ldap/server: nothing is judged and nothing shown before TLS; StartTLS drops what came before it',
    change('ldap/bind.ts', ['  if (!session.wire.secure) return results.needTls;\n', '']),
  ],
  [
    'ldap/server: whoever has no login reads what the server can do, and nothing else',
    change('ldap/bind.ts', [
      "  if (password === '') return results.emptyPassword;\n",
      "  if (password === '') return results.anonymous;\n",
    ]),
  ],
  [
    'ldap/server: nobody is listed before the organisation agreed, and nobody who has ended or is suspended ever is',
    change('store/changes/directory-entries.ts', ['  "o.settings ->> \'directory-listing\' = 1",', "  '1 = 1',"]),
  ],
  [
    'ldap/frames: what is no message, or says that it is too long, is refused before its octets are there',
    change('ldap/frames.ts', ['    if (length > this.#most) throw', '    if (length > this.#most * 1000) throw']),
  ],
  [
    'ldap/filter: a filter too deep or too long is refused',
    change('ldap/filter.ts', ['    if (terms > MOST_TERMS) throw', '    if (terms > MOST_TERMS * 100) throw']),
  ],
  [
    'self-service/setup: whoever looks for an address book or a calendar is never asked for a password, whatever is configured',
    change('self-service/setup/answers.ts', [
      "return this.#sent('dav', 'none', 404);",
      "return this.#sent('dav', 'none', 401);",
    ]),
  ],
  [
    'self-service/setup: autodiscover answers the same for every address, takes what Outlook sends, and nothing larger or stranger',
    change('self-service/setup/answers.ts', [
      '    if (asked.schema !== OUTLOOK) return',
      "    if (asked.schema === '') return",
    ]),
  ],
  [
    'self-service/setup: every address of a domain of ours gets the same settings, at each name that programs ask, and no log tells whose',
    change('self-service/setup/answers.ts', [
      "    if (domain === undefined) return this.#sent('autoconfig', 'foreign', 404);",
      "    if (domain === undefined || query.includes('nobody')) return this.#sent('autoconfig', 'foreign', 404);",
    ]),
  ],
  [
    'admin/socket: the control socket is open to its own user only',
    change('admin/socket-file.ts', ['    chmodSync(path, 0o600);', '    chmodSync(path, 0o666);']),
  ],
  [
    'gateway/reasons: an operation that nothing undoes is refused without a reason, whoever speaks to the socket',
    change('admin/operations.ts', [
      '    if (operation.needsReason === true && !looks && approved',
      '    if (operation.needsReason === true && looks && approved',
    ]),
  ],
  [
    'cli/approve-moves: two operators sign for a move of an address and of an account; both stand in the trail, and a plan needs nobody',
    change('admin/second-person.ts', [
      "  if (verb !== 'operator') return secondPerson.includes(verb);",
      "  if (verb !== 'operator') return false;",
    ]),
  ],
  [
    'trail/forwarding: rows go out in their order from the moment on in which it is switched on, and the mark follows what has arrived',
    change('trail/forwarding.ts', [
      'audit.follow({ behind: this.#position, limit: STEP })',
      'audit.follow({ behind: this.#position + 1, limit: STEP })',
    ]),
  ],
  [
    'trail/forwarding: the certificate of the collector must lead to the authority and carry the name',
    change('trail/forward-line.ts', [
      "      minVersion: 'TLSv1.2',",
      "      minVersion: 'TLSv1.2',\n      rejectUnauthorized: false,",
    ]),
  ],
  [
    'trail/forwarding: a collector that ends, stands still or talks without end is nothing but a connection that ends',
    change(
      'trail/forward-line.ts',
      ['this.#clock.after(PATIENCE, () =>', 'this.#clock.after(minutes(99), () =>'],
      ["import { seconds } from '../domain/units.ts';", "import { minutes, seconds } from '../domain/units.ts';"],
    ),
  ],
  [
    'store/sqlite: a changed or missing audit row is found',
    change('crypto/trail/audit-chain.ts', [
      '  if (!isLinked(before.hash, row) && !same(firstForm(before.hash, row), row.hash))',
      '  if (row.hash.length === 0)',
    ]),
  ],
  [
    'domain/availability: availabilityOf() counts every minute once, and names each gap',
    change('domain/availability.ts', ['    ratio: all === 0 ? 1 : (all - missing) / all,', '    ratio: 1,']),
  ],
  [
    'console/parts: headers are an A+ by the published rules of the observatory',
    change('web/core/headers.ts', ['  "frame-ancestors \'none\'",\n', '']),
  ],
  [
    'gateway/notices: NOTIFY=SUCCESS is answered at once: the message stands in the mailbox',
    change('notices/filed.ts', [
      "  if (sender === '' || recipients.length === 0) return undefined;",
      "  if (sender !== '') return undefined;",
    ]),
  ],
  [
    'notices/uncollected: after two working days the contact is warned and the operator has a digest; again after a week',
    change('notices/uncollected.ts', [
      '  if (oldest > workingDaysBefore(now, rhythm, calendar)) return;',
      '  if (oldest > workingDaysBefore(now, rhythm + 3, calendar)) return;',
    ]),
  ],
  [
    'admin/delivery-verbs: what was deleted is handed out again under a new UIDL, and the owner hears why and until when',
    change('store/changes/maildrops.ts', [
      '    if (hidden.length === 0) return 0;\n    yield* sql.run`\n      DELETE FROM hidden_entry',
      '    if (hidden.length >= 0) return 0;\n    yield* sql.run`\n      DELETE FROM hidden_entry',
    ]),
  ],
  [
    'cli/backup: a restored gateway has every message, its UIDLs, ids and passwords; what came later is not in it, and it says so',
    change('backup/take.ts', [
      '  await plainCopy(parts.configuration, join(partial, CONFIGURATION));',
      "  await plainCopy(parts.configuration, join(partial, 'other.toml'));",
    ]),
  ],
  [
    'cli/audit: an export is checked without the gateway, with openssl for its anchors, and every change is named',
    change('crypto/trail/audit-chain.ts', [
      '  if (!isLinked(before.hash, row) && !same(firstForm(before.hash, row), row.hash))',
      '  if (row.hash.length === 0)',
    ]),
  ],
  [
    'cli/audit: the gateway finds what was changed or cut off behind its back',
    change('crypto/trail/audit-chain.ts', [
      '  if (!isLinked(before.hash, row) && !same(firstForm(before.hash, row), row.hash))',
      '  if (row.hash.length === 0)',
    ]),
  ],
  [
    'cli/audit: rows are listed by account, event and time, and the look stands among them',
    change('commands/audit/list.ts', ["    if (after === undefined) noteLook(audit, call, 'list');\n", '']),
  ],
  [
    'gateway: no password reaches the log, in clear or in base64',
    change('auth/password-login.ts', [
      '    this.#parts.notes.verified(account, peer, match.name);',
      '    this.#parts.notes.verified(account, peer, password);',
    ]),
  ],
  [
    'ldap/attributes: an entry has its certificate as it was registered, under each name that programs ask by, and none where there is none',
    change('ldap/attributes.ts', [
      "  if (certificate !== undefined) all.push(['usercertificate', [certificate]]);\n",
      '',
    ]),
  ],
  [
    'crypto/authority: openssl accepts root, intermediate, login and mail certificates (${kind})',
    change('crypto/certificates/authority.ts', [
      'const purposes = { login: Oid.clientAuth, mail: Oid.emailProtection,',
      'const purposes = { login: Oid.serverAuth, mail: Oid.serverAuth,',
    ]),
  ],
  [
    'gateway/metrics: every metric that the dashboard and the alarms name is told of by a gateway',
    change('gateway/traffic-metrics.ts', ["single('gauge', 'sluis_ready',", "single('gauge', 'sluis_well',"]),
  ],
  [
    'cli/init: init overwrites nothing',
    change('commands/init/write.ts', ['  if (existing.length > 0)', '  if (existing.length > 99)']),
  ],
  [
    'cli/init: a database that is missing though initialised stops serve; nothing is made in its place',
    change('store/sqlite/open.ts', [': keys.storeId === undefined', ': keys.storeId !== undefined']),
  ],
  [
    'backup/key-copies: a new day key is copied at the next look, the master key never, and the copy opens',
    change('backup/key-copies.ts', [
      '    for (const name of lag.missing) await copyOne(places, name);\n',
      '    for (const name of lag.missing.slice(1)) await copyOne(places, name);\n',
    ]),
  ],
  [
    'backup/key-copies: all keys of a day that was closed for the sake of one message go from the copy, once the kept ones are there',
    change('backup/key-copies.ts', ['    for (const path of lag.undestroyed) await destroy(path);\n', '']),
  ],
  [
    'store/sqlite-opening: a lost day key is refused by its file name, and never made anew',
    change('store/sqlite/check-database.ts', [
      '    for (const day of days) if (!keys.isErased(day)) keys.checkDay(day);',
      '    for (const day of days) if (keys.isErased(day)) keys.checkDay(day);',
    ]),
  ],
  [
    'gateway/reasons: a change has a person, and the refusal of one that has none stands in the trail',
    change('admin/operations.ts', [
      '    if (changes && call.actor.name === NOBODY)',
      '    if (!changes && call.actor.name === NOBODY)',
    ]),
  ],
  [
    'console/approvals: who asks in the console and a colleague who approves with a passkey are two people, and the trail proves it',
    change('admin/approvers.ts', [
      '  if (askedWith !== undefined && isAskerKnown) add',
      '  if (askedWith === undefined && isAskerKnown) add',
    ]),
  ],
  [
    'claims/told: what the security page calls off by default is off',
    change('config/sections/protection.ts', [
      '  clamd: optional(\n    localService(',
      "  clamd: ((one: { prefault(v: string): unknown }) => one.prefault('127.0.0.1:3310'))(\n    localService(",
    ]),
  ],
  [
    'self-service/codes: the form: both languages, a hint for each field, and headers that let nothing out or in',
    change('web/core/headers.ts', ['  "default-src \'none\'",\n', '']),
  ],
  [
    'self-service/codes: forms of other pages are refused, those of this one and of programs are not',
    change('self-service/codes/serving.ts', [
      '    return isOwnOrigin(headers, this.services.page);',
      '    return headers !== undefined;',
    ]),
  ],
  [
    'cli/backup: no key is in a backup, and no content: neither day keys nor the master key, in any form',
    change('backup/take.ts', [
      '  await plainCopy(parts.configuration, join(partial, CONFIGURATION));',
      "  await plainCopy(join(dirname(parts.configuration), 'master.key'), join(partial, CONFIGURATION));",
    ]),
  ],
  [
    'crypto/key-folder: a day key is made once, kept wrapped, and found again',
    change('crypto/keys/day-key-files.ts', [
      '      return unwrapKey(this.#wrapping, readFileSync(path), dayKeyPurpose(day));',
      "      return unwrapKey(this.#wrapping, readFileSync(path), dayKeyPurpose('2000-01-01' as Day));",
    ]),
  ],
  [
    'store/sqlite-sealing: a day whose messages are gone loses its key, and the store opens without it',
    change('store/core/store-days.ts', [
      '    this.#p.keys.erase(day);\n    await this.forget(day);',
      '    await this.forget(day);',
    ]),
  ],
  [
    'crypto/key-folder: a missing key, a wrong master key and an erased day each say what is wrong',
    change('crypto/keys/day-key-files.ts', [
      '          this.#folder.isErased(day)\n            ?',
      '          !this.#folder.isErased(day)\n            ?',
    ]),
  ],
  [
    'crypto/sealed-key: a sealed key opens with its key, purpose and id, and with nothing else',
    change('crypto/keys/sealed-key.ts', [
      'Buffer.from(JSON.stringify([purpose, id]));',
      'Buffer.from(JSON.stringify([purpose, id.length]));',
    ]),
  ],
  [
    'crypto/sealed-key: nothing of the key can be seen in what is sealed, and a short master key is refused',
    change('crypto/keys/sealed-key.ts', ['  if (master.length !== 32) throw', '  if (master.length === 0) throw']),
  ],
  [
    'certificate-login: an account logs in by what its setting says',
    change('auth/certificate-login.ts', [
      "['either', 'certificate'].includes(loginPolicy(record));",
      "['either', 'certificate', 'both'].includes(loginPolicy(record));",
    ]),
  ],
  [
    "smtp/routing: mail for a partner's addresses is queued for it, with its DSN parameters, and for mailboxes filed",
    change('submission/route.ts', ['    ...(asked.notify === undefined ? {} : { notify: asked.notify }),\n', '']),
  ],
  [
    'smtp/routing: a partner submits as its addresses and its domain, in envelope and header, and as nobody else',
    change('submission/submission.ts', [
      "return allowed ? ok(address.value) : fail(foreignSender('MAIL FROM'));",
      "return allowed || path !== '' ? ok(address.value) : fail(foreignSender('MAIL FROM'));",
    ]),
  ],
  [
    'smtp/parts: no file name reaches the log',
    change('submission/filing.ts', [
      '      octets: body.octets,\n    });\n    this.#noteFilling',
      '      octets: body.octets,\n      files: content.parts.leaves.map(({ name }) => name),\n    });\n    this.#noteFilling',
    ]),
  ],
  [
    'store/sqlite-contract: personal fields can be erased and the chain still verifies',
    change('crypto/trail/audit-chain.ts', [
      "    row.commitment === null ? null : Buffer.from(row.commitment).toString('hex'),\n",
      '    (row as { personal?: unknown }).personal === null,\n',
    ]),
  ],
  [
    'cli/doctor: doctor finds every listener of a gateway sufficient, and a legacy one until its last day',
    change('platform/tls.ts', [
      "intermediate: { ...common, ciphers: [...tls13Suites, ...aeadSuites].join(':')",
      "intermediate: { ...common, ciphers: [...tls13Suites, ...aeadSuites, ...cbcSuites].join(':')",
    ]),
  ],
  [
    'smtp/session: connections over the limit are refused in words, an account with its share as well',
    change('platform/connections.ts', ['    if (held >= this.#options.perAccount) return false;\n', '']),
  ],
  [
    'console/log-in: a passkey is refused that is unknown, of another page, without verification, replayed, or copied',
    change('console/login/passkeys.ts', [
      "&& newCounter <= passkey.counter ? 'copied' : newCounter;",
      "&& newCounter < 0 ? 'copied' : newCounter;",
    ]),
  ],
  [
    'console/provider: an answer that does not fit is refused: other keys, issuer, audience, nonce, state, time, and no word of the issuer',
    change('console/login/provider.ts', ['        expectedNonce: nonce,\n', '        expectedNonce: undefined,\n']),
  ],
  [
    'console/break-glass: the account for emergencies lets in with password and code, each code once, and its use is told',
    change('console/login/break-glass.ts', [
      'const isRight = password === undefined || (await verifyPassword(hash, password));',
      'const isRight = password === undefined || (await verifyPassword(hash, password)) || true;',
    ]),
  ],
  [
    'console/log-in: a form of another page does nothing',
    change('web/core/serve.ts', [
      "    return origin === this.services.origin && (site === undefined || site === 'same-origin');",
      "    return origin !== '' || site === undefined;",
    ]),
  ],
  [
    'console/log-in: a session that is used from another range of networks ends, for whoever has its cookie',
    change('console/core/console-serving.ts', [
      '    if (session.network !== rangeOf(guest.address)) {',
      "    if (session.network === '') {",
    ]),
  ],
  [
    'console/log-in: a session ends after half an hour without a request, and after ten hours',
    change('store/reads/console.ts', [
      's.hash = ${hash} AND s.ended_at IS NULL AND s.seen_at > ${at - idle} AND',
      's.hash = ${hash} AND s.ended_at IS NULL AND s.seen_at > ${at - idle * 100} AND',
    ]),
  ],
  [
    'store/console: other rights, an end by the clock and an end for good leave no session',
    change('store/changes/operators.ts', [
      "    yield* endSessionsOf(context, id);\n    yield* context.record('operator.rights-changed'",
      "    yield* context.record('operator.rights-changed'",
    ]),
  ],
  [
    'smtp/transaction: messages, recipients and unknown recipients an hour have limits, each with a reply and a log line',
    change('submission/submission.ts', [
      '    if (counts.messages.of(record.account.id) >= allowed)',
      '    if (counts.messages.of(record.account.id) >= allowed + 99)',
    ]),
  ],
  [
    'ldap/server: an hour holds so many entries for an account, over all its connections; then searches are refused',
    change('ldap/search.ts', ['    give(Math.max(1, run.entries));', '    give(0);']),
  ],
  [
    'platform/fair-line: one key with many is one among two, and each keeps its order',
    change('platform/fair-line.ts', [
      '    this.#waiting.delete(key.value);\n    const item = own.shift();',
      '    const item = own.shift();\n    if (own.length === 0) this.#waiting.delete(key.value);',
    ]),
  ],
  [
    'cli/visible-output: every writer of output makes text visible, and JSON means the same',
    change('domain/visible.ts', ['text.replace(UNSEEN_IN_LINES, codePoint);', 'text;']),
  ],
  [
    'cli/visible-output: a cell of CSV that a spreadsheet would take for a formula is none',
    change('cli/output.ts', [
      '.replace(/^[=+@\\t\\r\\uff0b\\uff0d\\uff1d\\uff20-]/, "\'$&")',
      '.replace(/^[=]/, "\'$&")',
    ]),
  ],
  [
    'protection/smime-open: no verdict comes out of what was encrypted: not by another spelling, not behind a bare line end, not where it stays closed',
    change('protection/opened-message.ts', ['HIDDEN.has(name) || isVerdict(name) ||', 'HIDDEN.has(name) ||']),
  ],
  [
    'protection/smime-open: both profiles are opened to what was sent, with the outcome on top',
    change('protection/opened-message.ts', [
      'HIDDEN.has(name) || isVerdict(name) ||',
      "HIDDEN.has(name) || name === 'subject' ||",
    ]),
  ],
  [
    'enrolment: account reset sends a code to the contact; the page gives a password for it, once, and the old one is gone',
    change('store/changes/enrolments.ts', [
      '  yield* sql.run`UPDATE enrolment SET collected = ${by} WHERE id = ${id}`;\n',
      '',
    ]),
  ],
  [
    'gateway: a revoked password is refused at the next login, although it was remembered',
    change(
      'auth/login-memory.ts',
      ['`${login}\\0${network}\\0${version}\\0${password}`', '`${login}\\0${network}\\0${password}`'],
      ["    if (accounts === 'many') return;", '    if (accounts !== undefined) return;'],
    ),
  ],
  [
    'auth/client-certificates: a certificate that was revoked in the registry is refused however it matches, and the other one is not',
    change('auth/client-certificates.ts', [
      '    if (certificate.revokedAt !== undefined) {',
      '    if (certificate.revokedAt === null) {',
    ]),
  ],
  [
    'crypto/smime/protect: CBC without a signature inside is flagged, and opened as what it is',
    change('crypto/smime/open.ts', [
      'flagged: malleable >= 0 && !(proven && bound)',
      'flagged: malleable > 99 && !(proven && bound)',
    ]),
  ],
  [
    'opened-copies: notices, receipts and replies are the same whether and what a gateway opens: ${VARIANTS} variants, seed ${SEED}',
    change('notices/original.ts', [
      '    if (copyOf !== undefined) return await besideCopy(deliveries, id, opened);\n',
      '',
    ]),
  ],
  [
    'trail/retention: each log loses who and where after its own time, once, with a row that says so',
    change('trail/retention.ts', [
      '      before: instant(now - keep[kind]),',
      '      before: instant(now - keep.access),',
    ]),
  ],
  [
    'trail/retention: what is erased is not in the files of the database any more',
    change('store/sqlite/audit-writer.ts', [
      "    this.#db.pragma('secure_delete = ON');",
      "    this.#db.pragma('secure_delete = OFF');",
    ]),
  ],
  [
    'admin/kept-days: each old day says what keeps it, in whose mailboxes and until when; yesterday and today are not old',
    change('admin/kept-days.ts', ['if (row.day < yesterday) add(', 'if (row.day <= yesterday) add(']),
  ],
  [
    'store/erasure: an erased message is gone from every mailbox, large or small; the others and its facts stay',
    change('store/changes/message-erasure.ts', [
      '    yield* sql.run`DELETE FROM content WHERE message ${among(long, ids)}`;\n',
      '',
    ]),
  ],
  [
    'admin/delivery-verbs: a withdrawal takes back what nobody collected, says who had the rest, and tells the sender',
    change('store/changes/hiding.ts', [
      'AND message = ${message} AND retrieved = 0 RETURNING account, octets`;',
      'AND message = ${message} RETURNING account, octets`;',
    ]),
  ],
  [
    'crypto/key-share: an operator is reminded until the escrow of this key was verified within a year',
    change('domain/escrow.ts', ['const VERIFIED_FOR = days(365);', 'const VERIFIED_FOR = days(730);']),
  ],
  [
    'crypto/key-share: any shares that are enough make the secret, every choice of them; fewer make another one',
    change('crypto/keys/shamir.ts', [
      'Array.from({ length: needed - 1 }, () => random(secret.length))',
      'Array.from({ length: needed - 1 }, () => new Uint8Array(secret.length))',
    ]),
  ],
  [
    'notices/held-too-long: a copy that nobody decided about ends after its time, and its sender is told, once',
    change('notices/held-too-long.ts', [
      '  const before = instant(clock.now() - keep);',
      '  const before = instant(clock.now() - 2 * keep);',
    ]),
  ],
  [
    'notices/uncollected: retention ends with a last notice, in the transaction that takes the message out of the mailbox',
    change('notices/expiry.ts', [
      "const before = instant(parts.now - days(numberOf('keep-uncollected', mailbox)));",
      "const before = instant(parts.now - 2 * days(numberOf('keep-uncollected', mailbox)));",
    ]),
  ],
  [
    'crypto/der: size, depth and number of values are limited',
    change('crypto/certificates/ber.ts', ['this.contentEnd, this.depth + 1);', 'this.contentEnd, this.depth);']),
  ],
  [
    'crypto/cms/limits: nesting of 1,000 levels is refused, of definite and of indefinite length, and in a content in parts',
    change(
      'crypto/cms/ber-stream.ts',
      ['    if (this.ends.length >= this.limits.maxDepth) throw this.tooDeep();\n', ''],
      ['      if (this.ends.length + open > this.limits.maxDepth) throw this.tooDeep();\n', ''],
    ),
  ],
  [
    'gateway: a change over the control socket holds at the next command of an open session',
    change('store/core/registry.ts', [
      '      for (const memory of [this.#logins, this.#recipients,',
      '      for (const memory of [',
    ]),
  ],
  [
    'trail/forwarding: while the collector is away the trail waits for it, tries come seldom, and one line of the log tells',
    change('trail/forwarding.ts', ['    if (clock.monotonic() < this.#notBefore) return;\n', '']),
  ],
  [
    'backup/erased: an erased day stays closed in an old backup, and leaves no entry that a client would stumble over',
    change('crypto/keys/key-folder.ts', ["    this.destroy(day, ['kept', 'erasing']);\n", '']),
  ],
  [
    'claims/told: a sender of somebody else and one of nobody get one answer',
    change('submission/submission.ts', [
      "    return allowed ? ok(address.value) : fail(foreignSender('MAIL FROM'));",
      "    if (!allowed && (await this.#services.store.registry.findRecipient(addressKey(address.value))) === undefined) return fail(refusals.senderSyntax);\n    return allowed ? ok(address.value) : fail(foreignSender('MAIL FROM'));",
    ]),
  ],
  [
    'crypto/password: hashPassword() writes argon2id with 19 MiB, 2 passes and its own salt, and verifyPassword() opens it',
    change('crypto/passwords/password-scheme.ts', [
      '{ memoryKiB: 19_456, passes: 2, lanes: 1 }',
      '{ memoryKiB: 4096, passes: 1, lanes: 1 }',
    ]),
  ],
  [
    'cli/audit-unproven: a chain that was written anew is found, also by the report',
    change('commands/audit/proof.ts', [
      "      if (isThere && Buffer.from(row.hash).toString('hex') === hash) continue;",
      '      if (isThere) continue;',
    ]),
  ],
  [
    'cli/audit-unproven: without anchors nothing is proven, and that is not a success',
    change('commands/audit/proof.ts', [
      '  if (proven) return undefined;',
      "  if (proven || report.kind === 'intact') return undefined;",
    ]),
  ],
  [
    'notices/notice: a failure tells in Dutch and English what happened and what to do',
    change('letters/delivery.ts', [
      "    title: 'Voor uw systeembeheerder:',",
      "    title: 'For your system administrator:',",
    ]),
  ],
  [
    'claims/told: a gateway that is told of nobody calls nobody',
    change('gateway.ts', [
      '    return await assemble(config, options, running);',
      "    void import('node:net').then(({ connect }) => connect(9, '127.0.0.2').on('error', () => undefined));\n    return await assemble(config, options, running);",
    ]),
  ],
  [
    'docs/privacy: every table and every column of the schema has its kind of data, and there is no other',
    change('domain/data-kinds/registry.ts', ['  absence: {\n', '  absences: {\n']),
  ],
  [
    'commands/statement: all 93 controls, once each and in order; each of the product names a command that there is, and the security page has its row',
    change('commands/statement/controls-technological.ts', [
      "  product('8.6', 'capaciteit', 'capacity', 'sluis status', 'metrics, alarms, a reserve on the disk'),\n",
      '',
    ]),
  ],
  [
    'docs/packages: each package of the gateway is imported by the one folder that is told, and nothing else is imported',
    change('domain/policy.ts', [
      "import type { Absence } from './absence.ts';",
      "import type { Absence } from './absence.ts';\nimport 'smol-toml';",
    ]),
  ],
  [
    'cli/audit: a report sums up a period; erasing leaves a chain that holds',
    change('crypto/trail/audit-chain.ts', [
      "    row.commitment === null ? null : Buffer.from(row.commitment).toString('hex'),\n",
      '    (row as { personal?: unknown }).personal === null,\n',
    ]),
  ],
  [
    'backup/rounds: a note that a copy stands elsewhere counts only with the signature of the gateway, for its own backup',
    change('backup/folder.ts', [
      "    if ((await signatureOf(path, OFFSITE, text, keys)) !== 'good') return undefined;\n",
      '',
    ]),
  ],
  [
    "backup/erased-message: a restore from an older backup takes the erased message out of its mailbox, ${waiting ? 'before' : 'after'} its day was closed",
    change('store/changes/restored.ts', [
      '  const single = yield* forgetMessages(keys, at, known);',
      '  const single = yield* forgetMessages(keys, at, []);',
    ]),
  ],
  [
    'store/sqlite-contract: hidden entries can be handed out again, under new uids and UIDLs, until their time is over',
    change('store/changes/maildrops.ts', ['      uid: mailbox.nextUid + i,\n', '']),
  ],
  [
    'cli/message-erase: a message that waits for somebody is not erased; one that was fetched is, wherever it lies',
    change('store/changes/message-erasure.ts', [
      "its(entries).some(({ unseen }) => unseen)) return 'waiting';",
      "its(entries).length > 99) return 'waiting';",
    ]),
  ],
  [
    'enrolment: a letter is for the post: written once, 0600, its code works at the keyboard, --all takes the other passwords along',
    change('cli/letter-files.ts', ['  const file = newFile(path, 0o600);', '  const file = newFile(path, 0o644);']),
  ],
  [
    'admin/import: thousands of accounts: at most two hashes at once, progress in each phase, the order of the file kept',
    change('admin/import.ts', [
      'progress, signal, concurrency = 2 } = options;',
      'progress, signal, concurrency = 8 } = options;',
    ]),
  ],
  [
    'cli/key: the key is split among custodians, when two operators say so; the shares are nowhere but in their files',
    change('commands/key/custody.ts', [
      "  check: ({ custodian, needed }) => custodyProblem(custodian, needed),\n  out: z.object({ set: z.string(), hostname: z.string(), day: z.string() }),\n  right: 'owner',\n  second: 'key',\n",
      "  check: ({ custodian, needed }) => custodyProblem(custodian, needed),\n  out: z.object({ set: z.string(), hostname: z.string(), day: z.string() }),\n  right: 'owner',\n",
    ]),
  ],
  [
    'backup/rounds: rounds take what is due, copy it elsewhere and read it back; a restart forgets nothing; old ones go in both places',
    change(
      'backup/folder.ts',
      [
        'now - Date.parse(backup.manifest.begun) > keep.age)),',
        'now - Date.parse(backup.manifest.begun) > 99 * keep.age)),',
      ],
      ['      (i < backups.length - keep.count ||', '      (i < backups.length - 99 * keep.count ||'],
    ),
  ],
  [
    'claims/told: no command takes a password or a secret as a word',
    change('cli/secret-options.ts', [
      "    .addOption(file.conflicts('generate'))\n",
      "    .addOption(file.conflicts('generate'))\n    .option('--password <password>', 'the password')\n",
    ]),
  ],
  [
    'peers/profile: openssl verifies a profile by the authority of the listener, also after its certificate was renewed',
    change(
      'self-service/setup/profile.ts',
      ["import { createPrivateKey } from 'node:crypto';", "import { generateKeyPairSync } from 'node:crypto';"],
      ['createPrivateKey(material.key)', "generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey"],
    ),
  ],
  [
    // Of the table itself: what another change needs stands no longer in the code.
    'claims/claims: what is changed to see a test fail stands in the source once, and is of a test that a claim names',
    change('auth/throttle.ts', [
      'return milliseconds(Math.max(fresh ? 0 : forAccount, forNetwork));',
      'return milliseconds(Math.max(forNetwork, fresh ? 0 : forAccount));',
    ]),
  ],
  [
    'trail/completeness: no row has content or a subject',
    change('submission/incoming.ts', [
      '    this.#walk.write(slice);\n',
      "    this.#walk.write(slice);\n    this.#options.quirks.meet(slice.toString('latin1') as never);\n",
    ]),
  ],
  [
    'faults/parser-cost: no parser takes more processor time than its input is worth',
    change('crypto/certificates/ber.ts', [
      "encoding: 'ber', maxOctets: MiB, maxDepth: 32, maxElements: 20_000 }",
      "encoding: 'ber', maxOctets: MiB, maxDepth: 3200, maxElements: 20_000_000 }",
    ]),
  ],
  [
    'edi/edifact: nothing of what a message says leaves the reader',
    change('edi/edifact.ts', [
      '        return from;\n      }\n      from = end + 1;',
      "        return from;\n      }\n      this.#envelope.draft?.remark(data.toString('latin1', from, end) as never);\n      from = end + 1;",
    ]),
  ],
  [
    'cli/approve-restore: two operators of the backup sign for its restoring; nobody else does, and for nothing else',
    change('crypto/trail/approval.ts', [
      'if (second === undefined) return fail(`only operator "${first.name}" has signed it${late}`);',
      'if (second === undefined) return ok({ first, second: first });',
    ]),
  ],
  [
    'cli/approve: with fewer than two operators nothing goes, and the first two register without anybody else',
    change('admin/second-person.ts', [
      "if (verb !== 'operator') return secondPerson.includes(verb);",
      "if (verb !== 'operator') return false;",
    ]),
  ],
  [
    'commands/statement: ${id}: ${what}, and the sentence is another',
    change('commands/statement/claims-processor.ts', [
      'const periods = (missing: number): Said =>\n  missing === 0',
      'const periods = (missing: number): Said =>\n  missing >= 0',
    ]),
  ],
]);
