/**
 * Outlook's autodiscover in plain XML (MS-OXDSCLI section 2.2.3), for POP3 and SMTP. The newer form
 * in JSON names servers of Exchange alone, and is not answered.
 *
 * The request is looked at as text: one address and one schema are all that is asked of it, and
 * what reads no document type can be sent no entities.
 */
import { type ServedPort, inOrder } from '../../domain/served-port.ts';
import { xml, xmlText } from '../../http/xml.ts';

export interface DiscoverRequest {
  readonly address: string;
  /** Schema of the answer that the program reads. */
  readonly schema: string;
}

export const OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
const ANSWER = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006';
/** Octets of an address, RFC 5321 section 4.5.3.1.3 without its angle brackets. */
const MOST = 254;

const textOf = (request: string, name: string): string | undefined => {
  const found = new RegExp(`<(?:[A-Za-z][\\w.-]{0,30}:)?${name}(?:\\s[^<>]{0,300})?>([^<>]{1,600})</`).exec(
    request,
  )?.[1];
  return found === undefined ? undefined : xmlText(found).trim();
};

/** Reads a request; undefined for a text that is none. */
export function readDiscover(request: string): DiscoverRequest | undefined {
  const address = textOf(request, 'EMailAddress');
  const schema = textOf(request, 'AcceptableResponseSchema');
  if (address === undefined || schema === undefined || address.length > MOST || schema.length > 200) return undefined;
  return { address, schema };
}

const document = (body: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="${ANSWER}">\n${body}</Autodiscover>\n`;

/** 600: the request cannot be read. 601: no such answer is known here. */
export const discoverError = (code: 600 | 601): string =>
  document(
    `  <Response>\n    <Error>\n      <ErrorCode>${code}</ErrorCode>\n      <Message>${code === 600 ? 'Invalid Request' : 'Requested schema version not supported'}</Message>\n      <DebugData/>\n    </Error>\n  </Response>\n`,
  );

/** Settings, the same for every address except for the user name, which is the address. */
export function discovered(address: string, servers: readonly ServedPort[]): string {
  const server = ({ protocol, host, port, tls }: ServedPort): string => `      <Protocol>
        <Type>${protocol.toUpperCase()}</Type>
        <Server>${xml(host)}</Server>
        <Port>${port}</Port>
        <LoginName>${xml(address)}</LoginName>
        <DomainRequired>off</DomainRequired>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>${tls === 'implicit' ? 'SSL' : 'TLS'}</Encryption>
        <AuthRequired>on</AuthRequired>
${protocol === 'smtp' ? '        <UsePOPAuth>on</UsePOPAuth>\n        <SMTPLast>off</SMTPLast>\n' : ''}      </Protocol>
`;
  return document(`  <Response xmlns="${OUTLOOK}">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
${inOrder(servers).map(server).join('')}    </Account>
  </Response>
`);
}
