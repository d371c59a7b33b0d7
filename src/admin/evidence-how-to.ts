/** A text that is added to each signed document: how to check it without our programs. */

export const howToCheck = (fingerprint: string): string => `HOW TO CHECK THIS FILE

You need openssl and evidence.pem, the certificate of the gateway's evidence. Ask the gateway's operator for it, by another road than this file came
("sluis evidence certificate" prints it), and compare its fingerprint over the telephone:

    openssl x509 -in evidence.pem -noout -fingerprint -sha256
    expected: ${(fingerprint.toUpperCase().match(/../g) ?? []).join(':')}

1. The signature. FILE is the whole file as it was given to you.

    openssl cms -verify -in FILE -CAfile evidence.pem -out content.eml

   "CMS Verification successful" means: nothing in it was changed since the gateway signed it. content.eml is what was signed; any mail program opens it
   (or FILE itself) and shows this text, the summary and the other files. Where the certificate has ended meanwhile, add -no_check_time.

2. The audit trail, where trail.jsonl is among the files. Save trail.jsonl, anchors.jsonl and anchor.pem, then:

    sluis audit verify trail.jsonl --anchors anchors.jsonl --key anchor.pem
    sluis trace --verify FILE --certificate evidence.pem        does 1 and 2, without a gateway

   Without sluis: the hash of a row is SHA-256 over the 19 octets "sluis audit link 2" and line feed, the hash of the row before (32 octets), and the row's
   digest (32 octets). The digest is SHA-256 over the JSON text [seq, at, event, outcome, message, account, facts, commitment] without blanks, "at" in
   milliseconds since 1970, "message", "facts" and "commitment" as strings. The commitment is SHA-256 over salt and personal. Lines with "links" hold the
   digests of rows about others, in base64, which lead the chain past them.

3. An anchor is a line of anchors.jsonl, signed (Ed25519) when the trail had that row last. What is signed are its hostname, at, seq, hash and key behind
   "sluis audit anchor 1", with line feeds between; its signature in base64 goes into the file "signature", the signed text into "text":

    openssl pkeyutl -verify -pubin -inkey anchor.pem -rawin -in text -sigfile signature

   An anchor with "lanes" is of a trail of several chains: [lane, place, hash, 1 where it has ended] each. Behind "sluis audit anchor 2" its hash is SHA-256 over
   "sluis audit lanes 1" and a line "LANE PLACE HASH open" (or "ended") for each, and a row stands in its chain by "place". Without "lanes" there is one chain.

4. A time stamp is a line of timestamps.jsonl, where that is among the files: what an authority of its own signed over an anchor (RFC 3161). Nobody who holds the gateway and all its
   keys can make one for a day that is over. Get the authority's certificate from the authority (authority.pem). For the first line; the anchor has the same "seq":

    head -n 1 timestamps.jsonl | sed 's/.*"token":"\\([^"]*\\)".*/\\1/' | openssl base64 -d -A -out token.tst
    seq=$(head -n 1 timestamps.jsonl | sed 's/.*"seq":\\([0-9]*\\).*/\\1/')
    grep "\\"seq\\":$seq," anchors.jsonl | tr -d '\\n' > anchor.txt
    openssl ts -verify -token_in -in token.tst -data anchor.txt -CAfile authority.pem
    openssl ts -reply -token_in -in token.tst -token_out -text

   "Verification: OK" means: that anchor, and with it every row that leads to it, was there at the "Time stamp" of the last command. Or: sluis trace --verify FILE
   --certificate evidence.pem --timestamp-authority authority.pem

5. The hashes of parts are SHA-256 over a part's decoded octets, as a mail program saves it:

    openssl dgst -sha256 ATTACHMENT
`;
