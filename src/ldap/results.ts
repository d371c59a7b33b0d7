/**
 * Results of an operation: the codes of RFC 4511 appendix A.1, each with a text for the person who
 * uses the program.
 */

export interface LdapResult {
  readonly code: number;
  readonly text: string;
}

const result = (code: number, text = ''): LdapResult => ({ code, text });

export const results = {
  success: result(0),
  failed: result(1, 'Something failed here; try again later'),
  secureAlready: result(1, 'TLS is in use already'),
  protocol: result(2, 'This cannot be read as LDAP version 3'),
  unknownOperation: result(2, 'This extended operation is not known here'),
  timeLimit: result(3, 'The search took too long; ask for something narrower'),
  sizeLimit: result(4, 'There are more entries than are shown at once; ask for something narrower'),
  mechanism: result(7, 'Bind with a password, or with SASL EXTERNAL and a client certificate'),
  tooMuch: result(11, 'The request asks for more than is taken: a simpler filter, fewer attributes'),
  limited: result(11, 'The account has asked for as many entries as it may in an hour; try again later'),
  control: result(12, 'A control that is marked as critical is not known here'),
  needTls: result(13, 'Use TLS: no password and no search goes by in the clear'),
  noObject: result(32, 'There is no such entry; the directory is o=directory'),
  anonymous: result(48, 'Log in: bind with the login and password of an account; nobody is anonymous here'),
  refused: result(49, 'The login or password is wrong'),
  needBind: result(50, 'Log in first: bind with the login and password of an account'),
  busy: result(51, 'Too many logins at the moment; try again in a while'),
  tooManyOfAccount: result(51, 'The account has as many connections as it may'),
  tooManyConnections: result(51, 'Too many connections; try again in a while'),
  searchBusy: result(51, 'Too many searches at the moment; try again'),
  unavailable: result(52, 'The gateway cannot answer at the moment; try again later'),
  stopping: result(52, 'The gateway is stopping; connect again'),
  ended: result(52, 'The login is no longer valid; connect and log in again'),
  idle: result(52, 'Nothing was asked for a while; connect again'),
  notForNetwork: result(52, 'This port is not for your network'),
  readOnly: result(53, 'The directory is read only'),
  emptyPassword: result(53, 'A login needs its password'),
  otherAccount: result(53, 'Another account logged in on this connection; open a new one'),
  failedLogins: result(51, 'Too many failed logins; connect again'),
} as const;
