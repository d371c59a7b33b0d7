#!/usr/bin/env python3
"""Checks what a Sluis gateway gave out to prove something. Written from docs/formats.md alone, with openssl; of the gateway nothing is used or was read.

    verify_proof.py --key anchor.pem --certificate evidence.pem [--authority root.pem]
        [--evidence FILE] [--statement FOLDER] [--document FILE] [--anchors FOLDER|FILE] [--export FILE] [--drills FOLDER]    (each several times, if need be)

Prints each fault with file, line and octets, counted from 0, the last one included. Ends with 0 where all holds, 1 where something does not, 2 where it could
not look. With --changes it reads lines "FILE OCTET BIT" and for each looks anew, that bit changed in memory: it prints a line of JSON, the list of faults.
"""
import argparse, base64, contextlib, functools, hashlib, json, os, re, subprocess, sys, tempfile
from datetime import datetime, timezone
from pathlib import Path

DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
TYPES = [b"text/plain", b"text/html", b"application/json", b"application/x-pem-file"]
SEARCH = 4_000_000_000  # octets that a search for one changed bit may hash: some seconds
ROW = "seq at event outcome message account facts personal salt commitment hash"
H = bytes.fromhex
join = os.path.join

class Bad(ValueError): """What is wrong with what is being looked at."""
def need(holds, text):
    if not holds: raise Bad(text)

# ---- texts and hashes
def sha(octets): return hashlib.sha256(octets).digest()
def hexsha(octets): return hashlib.sha256(octets).hexdigest()
def fields(value, *sets):
    """An object has one of these sets of fields, in this order."""
    need(any(list(value) == names.split() for names in sets), f"not the fields that it should have: {list(value)}")
def milliseconds(text):
    m = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z", text, re.ASCII)
    need(m, f"{text!r} is not a time")
    *day, thousandths = (int(x) for x in m.groups())
    return int(datetime(*day, tzinfo=timezone.utc).timestamp()) * 1000 + thousandths
def moment(ms, form): return datetime.fromtimestamp(ms // 1000, timezone.utc).strftime(form).encode()
def written(value, **how): return json.dumps(value, ensure_ascii=False, separators=(",", ":"), **how).encode("utf-8", "surrogatepass")
def strict(line):
    """The object in a line, which must be the same octets when it is written anew."""
    value = json.loads(line.decode(), parse_float=repr, parse_constant=repr)
    need(isinstance(value, dict) and written(value) == line, "not written as lines are")
    return value
def b64(text, url=False):
    octets = base64.b64decode(text.encode() + b"=" * (-len(text) % 4 * url), b"-_" if url else None, validate=True)
    again = base64.urlsafe_b64encode(octets).rstrip(b"=") if url else base64.b64encode(octets)
    need(again == text.encode(), "base64 that is written otherwise")
    return octets
def wrapped(octets, width, end):
    text = base64.b64encode(octets)
    return b"".join(text[i : i + width] + end for i in range(0, len(text), width))
def unwrapped(text, width, end):
    """Octets of base64 in lines. What is no digit counts as A: it shows when all is written anew, and what is behind it keeps its place."""
    digits = b"".join(text[:-end][i : i + width] for i in range(0, len(text) - end, width + end)).rstrip(b"=")
    digits = bytes(c if c in DIGITS else 65 for c in digits) + b"A" * (len(digits) % 4 == 1)
    return base64.b64decode(digits + b"=" * (-len(digits) % 4))
def pem(octets, what): return b"-----BEGIN %s-----\n" % what + wrapped(octets, 64, b"\n") + b"-----END %s-----\n" % what

# ---- DER and openssl
def D(tag, *octets):
    n = len(x := b"".join(octets))
    return H(tag) + (bytes([n]) if n < 128 else bytes([129, n]) if n < 256 else b"\x82" + n.to_bytes(2, "big")) + x
def inside(octets, at):
    """Where the content of the DER at `at` begins and ends."""
    n, begin = octets[at + 1], at + 2
    return (begin, begin + n) if n < 128 else (begin + n - 128, begin + n - 128 + int.from_bytes(octets[begin : begin + n - 128], "big"))
@functools.lru_cache(maxsize=4096)
def openssl(command, *files):
    """What `openssl COMMAND` wrote, or None where it failed; `{0}` is the name of a file with the first of `files`."""
    with tempfile.TemporaryDirectory() as folder:
        names = [join(folder, str(i)) for i in range(len(files))]
        for name, octets in zip(names, files): Path(name).write_bytes(octets)
        ran = subprocess.run(["openssl", *(word.format(*names) for word in command.split())], stdin=subprocess.DEVNULL, capture_output=True)
    return ran.stdout if ran.returncode == 0 else None
def ed25519(key, text, signature):
    return len(signature) == 64 and openssl("pkeyutl -verify -pubin -inkey {0} -rawin -in {1} -sigfile {2}", pem(key, b"PUBLIC KEY"), text, signature) is not None
def self_signed(der): return openssl("verify -check_ss_sig -no_check_time -CAfile {0} {0}", pem(der, b"CERTIFICATE")) is not None
def mended(octets, begin, end, good):
    """Where in begin..end one other bit makes the hash of all octets a good one, and the octets so; or None."""
    head = hashlib.sha256(octets[:begin])
    for i in range(begin, end if (end - begin) * 8 * (len(octets) - begin) < SEARCH else begin):
        for bit in range(8):
            changed = bytes([octets[i] ^ 1 << bit])
            tried = head.copy()
            tried.update(changed + octets[i + 1 :])
            if good(tried.digest()):
                return i, octets[:i] + changed + octets[i + 1 :]
        head.update(octets[i : i + 1])

# ---- approvals by passkey
def cbor(octets, at):
    kind, n, at = octets[at] >> 5, octets[at] & 31, at + 1
    need(kind in (0, 1, 2, 5) and n < 27, "the key is not CBOR as it should be")
    n, at = (int.from_bytes(octets[at : at + (1 << n - 24)], "big"), at + (1 << n - 24)) if n > 23 else (n, at)
    if kind == 5:
        pairs = {}
        for _ in range(n):
            name, at = cbor(octets, at)
            pairs[name], at = cbor(octets, at)
        return pairs, at
    return (octets[at : at + n], at + n) if kind == 2 else (n if kind == 0 else -1 - n, at)
def passkey(row, facts):
    """An approval in a row: raises what is wrong with it."""
    of = {name: b64(facts[name], url=True) for name in ("credential", "publicKey", "authenticatorData", "clientData", "signature")}
    client, data = json.loads(of["clientData"]), of["authenticatorData"]
    challenge, origin = b64(client["challenge"], url=True), client["origin"]
    need(client["type"] == "webauthn.get" and client.get("crossOrigin") is not True and len(challenge) == 70, "clientData is of something else")
    host = re.fullmatch(r"[a-z]+://(\[[^\]]*\]|[^:/]*)(:\d+)?", origin)
    need(host and len(data) > 36 and data[:32] == sha(host[1].encode()) and data[32] & 5 == 5, "authenticatorData is of another host, or of nobody")
    if row["personal"] is not None:
        personal = json.loads(row["personal"])
        said, octets = json.loads(personal["statement"]), personal["statement"].encode()
        need(challenge[22:54] == sha(b"sluis approval\0" + octets), "the challenge is not over the statement")
        need(written(said, sort_keys=True) == octets, "the statement is written otherwise")
        told = {"format": "sluis passkey approval 1", "origin": origin, "operation": facts["operation"], "caller": facts["caller"]}
        told |= {"verdict": "approved" if row["event"] == "approval.signed" else "rejected", "request": facts["request"].replace("-", "")}
        told |= {"operator": personal["operator"], "why": personal["reason"]}
        need(said | told == said, f"the statement is {said}, and should have {told}")
    key, end = cbor(of["publicKey"], 0)
    need(end == len(of["publicKey"]), "the key has another length")
    kind, message = (key[1], key[3], key[-1]), data + sha(of["clientData"])
    if kind == (1, -8, 6): return need(ed25519(H("302a300506032b6570032100") + key[-2], message, of["signature"]), "the signature is wrong")
    if kind == (2, -7, 1): public = H("3059301306072a8648ce3d020106082a8648ce3d03010703420004") + key[-2] + key[-3]
    else:
        need(kind[:2] == (3, -257), "a key of another kind")
        numbers = [D("02", b"\0" * (n[0] > 127) + n) for n in (key[-1].lstrip(b"\0"), key[-2].lstrip(b"\0"))]
        public = D("30", H("300d06092a864886f70d0101010500"), D("03", b"\0", D("30", *numbers)))
    need(openssl("dgst -sha256 -verify {0} -signature {1} {2}", pem(public, b"PUBLIC KEY"), of["signature"], message) is not None, "the signature is wrong")

# ---- a signed document
MIME = b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n\tmicalg=sha-256; boundary="'
EIGHT = b"\r\nContent-Transfer-Encoding: 8bit\r\n"
FRAME = [b"From: Evidence <evidence@", b">\r\nDate: ", b"\r\nSubject: ", MIME, b'"' + EIGHT + b"\r\nThis is a signed message (RFC 8551).\r\n\r\n--"]
SUMMARY = b'Content-Type: multipart/mixed; boundary="=_sluis-part"' + EIGHT + b"\r\n--=_sluis-part\r\nContent-Type: text/plain; charset=utf-8"
SUMMARY += EIGHT + b'Content-Disposition: inline; filename="summary.txt"\r\n\r\n'
BASE64 = b"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="
PART, LAST = [b"\r\n--=_sluis-part\r\nContent-Type: ", b'; charset=utf-8; name="', b'"' + BASE64 + b'"', b'"\r\n\r\n'], b"\r\n--=_sluis-part--"
SIGNATURE = b'\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"' + BASE64 + b'"smime.p7s"\r\n\r\n'
DATA, SIGNED, RSA, SHA = H("06092a864886f70d010701"), H("06092a864886f70d010702"), H("300d06092a864886f70d0101010500"), H("300b0609608648016503040201")

class Parts:
    """A signed document taken apart, so that a changed octet of its frame does not move what is behind it. Spans are begin and end in the file."""
    def __init__(self, octets):
        self.octets, self.at, self.parts, following = octets, 0, [], PART[0]
        self.take(FRAME[0])
        self.host, self.date, self.subject, _ = (self.take(text)[0] for text in FRAME[1:])
        self.take(b"\r\n" + SUMMARY)
        self.begin = self.at - len(SUMMARY)
        self.summary, *self.span = self.take(following)
        while following == PART[0]:
            kind, name, _ = (self.take(text)[0] for text in PART[1:])
            following = min(PART[0], LAST + b"\r\n--", key=lambda text: self.seek(text) % (1 << 60))
            text, *span = self.take(following)
            kind = next((t for t in TYPES if len(t) == len(kind) and sum(a != b for a, b in zip(t, kind)) < 2), kind)
            self.parts.append((kind, name.decode("latin-1"), unwrapped(text, 76, 2), span))
        self.end = self.at - 4
        self.take(SIGNATURE)
        text, *self.signed = self.take(b"\r\n--")
        self.der = unwrapped(text, 76, 2)
    def seek(self, text):
        """Where `text` stands next, with one octet of it changed at most; or -1."""
        places, half = [], len(text) // 2
        for piece, before in ((text[:half], 0), (text[half:], half)):
            at = self.octets.find(piece, self.at + before)
            while at >= 0 and sum(a != b for a, b in zip(self.octets[at - before : at - before + len(text)], text)) > 1:
                at = self.octets.find(piece, at + 1)
            places += [at - before] if at >= 0 else []
        return min(places, default=-1)
    def take(self, text):
        """The octets before the next `text`, their begin and end; goes on behind it."""
        found, begin = self.seek(text), self.at
        need(found >= 0, f"not a signed document: behind octet {begin} is no {text!r}")
        self.at = found + len(text)
        return self.octets[begin:found], begin, found
def content_of(summary, parts):
    mime = (PART[0] + kind + PART[1] + name.encode() + PART[2] + name.encode() + PART[3] + wrapped(octets, 76, b"\r\n") for kind, name, octets in parts)
    return SUMMARY + summary + b"".join(mime) + LAST
def issuer_serial(certificate):
    begin = inside(certificate, inside(certificate, 0)[0])[0] + 5
    end = inside(certificate, begin)[1]
    return certificate[end + 15 : inside(certificate, end + 15)[1]], certificate[begin:end]
def attributes(digest, certificate, made):
    issuer, serial = issuer_serial(certificate)
    by = D("30", D("30", D("30", D("04", sha(certificate)), D("30", D("30", D("a4", issuer)), serial))))
    values = {"0d010903": DATA, "0d010905": D("17", moment(made, "%y%m%d%H%M%SZ")), "0d010934": D("30", SHA, D("a1", RSA[2:])), "0d010904": D("04", digest)}
    said = [H("06092a864886f7" + oid) + D("31", value) for oid, value in values.items()] + [H("060b2a864886f70d010910022f") + D("31", by)]
    return b"".join(D("30", x) for x in said)
def document_of(about, content, certificate, s):
    """The whole file, from what is signed."""
    edge = b"sluis-" + hexsha(written([about["hostname"], about["subject"], about["made"]]))[:32].encode()
    signer = D("30", H("020101"), D("30", *issuer_serial(certificate)), SHA, D("a0", attributes(sha(content), certificate, about["made"])), RSA, D("04", s))
    der = D("30", SIGNED, D("a0", D("30", H("020101"), D("31", SHA), D("30", DATA), D("a0", certificate), D("31", signer))))
    head = [about["hostname"].encode(), moment(about["made"], "%a, %d %b %Y %H:%M:%S +0000"), about["subject"].encode(), edge, edge + b"\r\n"]
    tail = b"\r\n--" + edge + SIGNATURE + wrapped(der, 76, b"\r\n") + b"\r\n--" + edge + b"--\r\n"
    return b"".join(a + b for a, b in zip(FRAME, head)) + content + tail
def about_of(host, subject, made, parts):
    told = [{"name": name, "octets": len(octets), "sha256": hexsha(octets)} for _, name, octets, *_ in parts]
    return {"format": "sluis signed document 1", "hostname": host, "subject": subject, "made": made, "parts": told}
def indented(value): return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")

# ---- one look at everything
class Check:
    """`read` gives the octets of a file. `faults` are lists of file, first octet, last octet, and what is wrong there."""
    def __init__(self, read, asked):
        self.read, self.key_file, self.certificate_file, self.authority_file = read, asked.key, asked.certificate, asked.authority
        self.faults, self.told, self.reports = [], {}, {}
        self.trail_key = self.key(asked.key, b"PUBLIC KEY")
    def fault(self, file, begin, end, text):
        if (file, begin) not in {(f[0], f[1]) for f in self.faults}:
            self.faults.append([file, begin, max(begin, end - 1), str(text) if isinstance(text, (str, Bad)) else f"{type(text).__name__}: {text}"])
    @contextlib.contextmanager
    def within(self, file, begin, end):
        try: yield
        except OSError: raise
        except Exception as wrong: self.fault(file, begin, end, wrong)
    def search(self, file, octets, begin, end, good, text, before=0):
        """A fault where one changed bit makes the hash good, or else from begin to end. `octets` stand in the file `before` its octet 0."""
        place = mended(octets, begin, end, good)
        begin, end = (place[0], place[0] + 1) if place else (begin, end)
        self.fault(file, begin + before, end + before, text)
    def compare(self, file, octets, true, text):
        """A fault where a file differs from what it must be. Says whether it is the same."""
        if octets != true:
            differ = [i for i, (a, b) in enumerate(zip(octets, true)) if a != b] or [min(len(octets), len(true))]
            self.fault(file, differ[0], differ[-1] + 1 if len(octets) == len(true) else len(octets), text)
        return octets == true
    def lines(self, file, octets):
        """Begin, end (behind LF) and octets of each line."""
        at = 0
        for line in octets.removesuffix(b"\n").split(b"\n") if octets else ():
            yield at, min(at + len(line) + 1, len(octets)), line
            at += len(line) + 1
        if octets and not octets.endswith(b"\n"): self.fault(file, octets.rfind(b"\n") + 1, len(octets), "the last line has no end")
    def key(self, file, what):
        """The DER in a file of PEM, without an octet behind it; None where it is none."""
        octets = self.read(file)
        der = unwrapped(octets[octets.find(b"\n") + 1 : octets.rfind(b"\n", 0, -1) + 1], 64, 1)
        end = 44 if what == b"PUBLIC KEY" else inside(der, 0)[1] if self_signed(der) else len(der)
        return der if self.compare(file, octets, pem(der[:end], what), "not written as PEM is") else None
    def document(self, file, beside):
        """about.json and the parts of a signed document, or (None, {}). `beside`: files that should be its parts."""
        octets, certificate, told = self.read(file), self.key(self.certificate_file, b"CERTIFICATE"), None
        d = Parts(octets)
        if not certificate or not self_signed(certificate):
            certificate = d.der[58 : inside(d.der, 58)[1]]
            true = pem(certificate, b"CERTIFICATE") if self_signed(certificate) else b""
            self.compare(self.certificate_file, self.read(self.certificate_file), true, f"not signed by itself, as the certificate in {file} is")
        s, found = d.der[-384:], d.parts[:-1]
        command = "pkeyutl -verifyrecover -certin -inkey {0} -in {1} -pkeyopt rsa_padding_mode:pkcs1 -pkeyopt digest:sha256"
        signed = openssl(command, pem(certificate, b"CERTIFICATE"), s)
        holds = lambda digest, made: sha(D("31", attributes(digest, certificate, made))) == signed
        date = lambda: int(datetime.strptime(d.date.decode(), "%a, %d %b %Y %H:%M:%S %z").timestamp()) * 1000
        # What about.json says, or, where that was changed, what frame and parts say that it must.
        for make in (lambda: json.loads(d.parts[-1][2]), lambda: about_of(d.host.decode(), d.subject.decode(), date(), found)):
            with contextlib.suppress(Exception):
                about, parts = make(), []
                told = told or about
                for (kind, _, part, _), of in zip(found, about["parts"]):
                    other = beside.get(of["name"], b"") if hexsha(part) != of["sha256"] else b""
                    parts.append((kind, of["name"], other if hexsha(other) == of["sha256"] else part))
                by_name = {name: part for _, name, part in parts}
                text = re.sub(rb"^--", b" --", by_name["statement.txt"], flags=re.M).replace(b"\n", b"\r\n") if beside else d.summary
                content = content_of(text, [*parts, (TYPES[2], "about.json", indented(about))])
                if holds(sha(content), about["made"]) and about_of(about["hostname"], about["subject"], about["made"], parts) == about:
                    self.compare(file, octets, document_of(about, content, certificate, s), "not what the signature is over")
                    return about, by_name
        digit = (len(d.der) - 384) * 4 // 3
        if signed is None:
            self.fault(file, d.signed[0] + digit + digit // 76 * 2, d.signed[1], "the signature is none by this certificate")
        spans = [(name, span) for (_, name, part, span), of in zip(found, told["parts"]) if hexsha(part) != of["sha256"]]
        for name, (a, b) in (spans or [("the text", d.span)]) * (signed is not None):
            self.search(file, octets[d.begin : d.end], a - d.begin, b - d.begin, lambda x: holds(x, told["made"]), f"{name} is not what was signed", d.begin)
        return None, {}
    def evidence(self, file):
        with self.within(file, 0, len(self.read(file))):
            about, parts = self.document(file, {})
            if not about: return
            order = "HOW-TO-CHECK.txt message.json trail.jsonl anchors.jsonl timestamps.jsonl anchor.pem certificates.pem".split()
            need(list(parts) == [name for name in order if name in parts] and ("anchors.jsonl" in parts) == ("anchor.pem" in parts), f"it has {list(parts)}")
            message, anchors = json.loads(parts["message.json"]), []
            facts, rows = message["facts"], {event["seq"] for one in message["submissions"] for event in one["events"]}
            need(message["format"] == "sluis evidence 1" and about["subject"].startswith("Evidence of "), "it is no evidence")
            need((facts["hostname"], milliseconds(facts["made"])) == (about["hostname"], about["made"]), "message.json is of another host or time")
            if "anchor.pem" in parts:
                if not self.compare(self.key_file, self.read(self.key_file), parts["anchor.pem"], f"not the key in {file}"):
                    self.trail_key = unwrapped(parts["anchor.pem"].split(b"\n", 1)[1].rsplit(b"\n", 2)[0] + b"\n", 64, 1)
                anchors = self.anchors([(f"{file}:anchors.jsonl", parts["anchors.jsonl"], None)])
            firsts, seqs = self.trail(f"{file}:trail.jsonl", parts["trail.jsonl"], anchors, bundle=True)
            need(len(firsts) == facts["pieces"] and seqs >= rows, "message.json tells of other pieces or rows")
            if "timestamps.jsonl" in parts: self.stamps(f"{file}:timestamps.jsonl", parts["timestamps.jsonl"], anchors, False)
    def statement(self, folder, names):
        main, given = join(folder, "statement.eml"), {}
        beside, about, parts = {name: self.read(join(folder, name)) for name in names}, None, {}
        with self.within(main, 0, len(self.read(main))):
            about, parts = self.document(main, beside)
        if not about: return
        with self.within(main, 0, len(self.read(main))):
            need(about["subject"] == "Statement about information security", "it is no statement")
            values = {name: json.loads(octets) for name, octets in parts.items() if name.endswith(".json")}
            of = {(value["format"], value["hostname"], milliseconds(value["made"])) for value in values.values()}
            need(of == {("sluis statement 1", about["hostname"], about["made"])}, "its parts are of another host or time")
            claims = {claim["evidence"] for section in values["statement.json"]["sections"] for claim in section["claims"]}
            need(claims <= set(parts), "a claim has evidence that is not there")
            given = {f"certificates/{of['name']}": of for of in values["certificates.json"]["certificates"]}
            self.reports = {drill["last"]["name"]: drill["last"]["sha256"] for drill in values["drills.json"]["drills"].values() if drill.get("last")}
        parts["about.json"] = indented(about)
        for name in {*names, *parts, *given} - {"statement.eml"}:
            file, octets, of = join(folder, name), beside.get(name, b""), given.get(name)
            if name in parts:
                self.compare(file, octets, parts[name], "not this part of statement.eml")
            elif not of or len(octets) != of["octets"] or hexsha(octets) != of["sha256"]:
                self.search(file, octets, 0, len(octets), lambda digest: of and digest.hex() == of["sha256"], "not a file that certificates.json tells of")
    def drills(self, folder, names):
        for name in {*names, *self.reports}:
            file, pair = join(folder, name), name.removesuffix(".sig") if name.endswith(".sig") else name + ".sig"
            if name not in names or pair not in names:
                self.fault(file, 0, 1, "the report or its signature is not there")
            elif pair.endswith(".sig"):
                self.drill(file, name, self.read(file), self.read(file + ".sig"))
    def drill(self, file, name, octets, signature):
        head, last = octets[:-81], octets[-81:]
        true = b'  "sha256": "%s"\n}\n' % hexsha(head).encode()
        if self.trail_key and ed25519(self.trail_key, octets, signature):
            with self.within(file, 0, len(octets)):
                value = json.loads(octets)
                kind = {"sluis drill 1": "drill", "sluis site drill 1": "site"}[value["format"]]
                need(name == f"{kind}-{value['at'][:19].replace(':', '')}Z.json" and milliseconds(value["at"]), "its name is not that of its kind and time")
                good = all(step["passed"] for step in value["steps"]) if kind == "drill" else "back" in value and value["lost"] == 0 and not value["failed"]
                need(not value["passed"] or good, "passed is true, and its fields say otherwise")
                need("sha256" not in value or last == true, "sha256 is not that of the lines before it")
                need(self.reports.get(name, hexsha(octets)) == hexsha(octets), "not the report that the statement names")
        elif self.trail_key and ed25519(self.trail_key, head + true, signature):
            self.compare(file, octets, head + true, "its last two lines are not as they were signed")
        elif last != true:
            self.search(file, head, 0, len(head), lambda digest: digest.hex().encode() == last[13:77], "neither its sha256 nor its signature holds")
        elif self.trail_key and hexsha(self.trail_key)[:16].encode() in head:
            self.fault(file + ".sig", 0, len(signature), "the signature is wrong, and the report has its sha256")
        elif self.trail_key:
            self.fault(self.key_file, 27, 87, f"{name} names another key of the trail")
    def anchors(self, files):
        """The good anchors of these files (name, octets, and what the file must be called): hash of the line, and the anchor with its `places`."""
        found, lines, before, mine = [], [], {}, hexsha(self.trail_key or b"")[:16]
        for file, octets, called in files:
            for begin, end, line in self.lines(file, octets):
                with self.within(file, begin, end):
                    value, names = strict(line), ["at", "hash", "hostname", "key", "seq", "signature"]
                    need(sorted(value) in (names, sorted(names + ["lanes"])), f"not the fields of an anchor: {list(value)}")
                    lanes = value.get("lanes")
                    text = "\n".join(["sluis audit lanes 1"] + [f"{a} {b} {c} {'ended' if d else 'open'}" for a, b, c, d in lanes or []])
                    rising = not lanes or [x[0] for x in lanes] == sorted({x[0] for x in lanes}) and all(x[3] in (0, 1) for x in lanes)
                    need(not lanes or hexsha(text.encode()) == value["hash"] and rising, "hash is not that of the lanes")
                    value["places"] = {(a, b): c for a, b, c, _ in lanes} if lanes else {(0, value["seq"]): value["hash"]}
                    need(called in (None, f"{value['hostname']}-{value['at'][:10]}.jsonl"), "does not belong into a file of this name")
                    text = [f"sluis audit anchor {2 if lanes else 1}", value["hostname"], value["at"], str(value["seq"]), value["hash"], mine]
                    holds = milliseconds(value["at"]) and self.trail_key and ed25519(self.trail_key, "\n".join(text).encode(), b64(value["signature"]))
                    found.append((file, begin, end, line, value, holds))
        if self.trail_key and found and not any(holds or value["key"] == mine for *_, value, holds in found):
            self.trail_key = self.fault(self.key_file, 27, 87, "no anchor names this key")
        for file, begin, end, line, value, holds in found if self.trail_key else []:
            same = (self.told.setdefault((value["hostname"], *place), digest) == digest for place, digest in value["places"].items())
            if not holds or value["key"] != mine or not all(same) or value["seq"] < before.get(file, 0):
                self.fault(file, begin, end, "the signature is wrong, or seq falls, or another anchor tells the same place otherwise")
            else:
                before[file] = value["seq"]
                lines.append((hexsha(line), value))
        return lines
    def stamps(self, file, octets, anchors, faulty):
        """Time stamps over lines of `anchors`. Where one of those is `faulty`, its stamp has no anchor."""
        authority = self.authority_file and self.key(self.authority_file, b"CERTIFICATE")
        if authority and not self_signed(authority):
            authority = self.fault(self.authority_file, 0, len(self.read(self.authority_file)), "not signed by itself")
        for begin, end, line in self.lines(file, octets):
            with self.within(file, begin, end):
                value = strict(line)
                fields(value, "anchor seq at token", "anchor seq at token sha256")
                token, at = b64(value["token"]), milliseconds(value["at"])
                need(value.get("sha256") in (None, hexsha(token)), "sha256 is not that of the token")
                told = re.search(rb"Time stamp: (.*?)(?:\.\d+)? (\d{4}) GMT", openssl("ts -reply -token_in -in {0} -text", token) or b"")
                need(told and at == datetime.strptime(b"%b %b +0000".__mod__(told.groups()).decode(), "%b %d %H:%M:%S %Y %z").timestamp() * 1000, "at is another time")
                command = f"ts -verify -token_in -in {{0}} -digest {value['anchor']} -CAfile {{1}} -attime {at // 1000}"
                need(not authority or openssl(command, token, pem(authority, b"CERTIFICATE")) is not None, "the token is not over this anchor, or by another authority")
                seq = next((anchor["seq"] for digest, anchor in anchors if digest == value["anchor"]), None)
                need(seq == value["seq"] or seq is None and faulty, "no anchor has this hash and seq")
    def trail(self, file, octets, anchors, bundle=False):
        """Its first lines (each with the octets of its line and the last place) and the numbers `seq` of its rows."""
        begin, before, holds = octets.rfind(b"\n", 0, -1) + 1, len(self.faults), bundle
        seal = None if bundle else re.fullmatch(rb'\{"end":\{"sha256":"([0-9a-f]{64})"\}\}\n', octets[begin:])
        rows = octets[:begin] if seal else octets
        sealed = lambda digest: digest.hex().encode() == seal[1]
        if seal and not (holds := sealed(sha(rows))):
            # A first line has no hash: where one other bit of it makes the seal right, it is that bit. The rest is looked at with it.
            for a, b, line in self.lines(file, rows):
                place = None if re.match(rb'\{"seq":\d+,"at":', line) or holds else mended(rows, a, b, sealed)
                if place:
                    self.fault(file, place[0], place[0] + 1, "the seal is right when a bit is changed here")
                    holds, rows = True, place[1]
        firsts, held, seqs, self.places, self.hashes = [], {}, set(), {None}, None
        for a, b, line in self.lines(file, rows):
            behind, self.places, self.hashes = (self.places, self.hashes), {None}, None
            with self.within(file, a, b):
                value = strict(line)
                if "format" in value:
                    self.first(value, firsts, bundle)
                    firsts.append([value, a, b, value["after"]["seq"]])
                    self.places, self.hashes, self.seq = {value["after"]["seq"]}, {value["after"]["hash"]}, 0
                    continue
                (self.links if bundle and "links" in value else self.row)(value, firsts[-1][0].get("lane", 0), *behind)
                seqs.add(value.get("seq"))
                firsts[-1][3] = max(self.places)
                held[firsts[-1][0].get("lane", 0), firsts[-1][3]] = self.hashes, a, b
        wrong = not holds and (seal or not firsts or "sealed" in firsts[0][0]) or firsts[0][0].get("piece", [1, 1])[1] != len(firsts)
        if len(self.faults) == before and wrong: self.fault(file, begin, len(octets), "the seal is not that of the lines before it, or pieces are missing")
        self.agree(file, firsts, held, anchors, not bundle and len(self.faults) == before)
        return firsts, seqs
    def first(self, value, firsts, bundle):
        some = "format hostname made after " + ("piece" if bundle else "sealed piece all")
        fields(value, some, some + " lane", *([] if bundle else ["format hostname made after", "format hostname made after sealed"]))
        fields(value["after"], "seq hash")
        lane, after, last = value.get("lane", 0), value["after"], firsts[-1] if firsts else [{}, 0, 0, 0]
        need(lane or after["seq"] or after["hash"] == "0" * 64, "the hash before all is not 0")
        need(not firsts or "piece" in value and all(last[0].get(n) == value.get(n) for n in ("format", "hostname", "sealed", "all")), "unlike the one before")
        need(not firsts or (lane, after["seq"]) >= (last[0].get("lane", 0) + (not bundle), last[3] * bundle), "pieces stand in another order")
        need(value.get("piece", [1, 1]) == [len(firsts) + 1, (firsts[0][0] if firsts else value).get("piece", [1, 1])[1]], "a piece is missing")
    def links(self, value, _, places, hashes):
        fields(value, "from links")
        need(value["from"] - 1 in places and 0 < len(value["links"]) <= 1000, f"the links are not from {places}, or not 1 to 1,000")
        for link in value["links"]:
            need(len(b64(link)) == 32, "a link has not 32 octets")
            hashes = {hexsha(b"sluis audit link 2\n" + H(before) + b64(link)) for before in hashes or ()}
        self.places, self.hashes = {value["from"] - 1 + len(value["links"])}, hashes
    def row(self, value, lane, places, hashes):
        """A row behind one of `places` and `hashes`. Both of self then tell of it: as it says, and as it should be."""
        fields(value, ROW + " lane place" if lane else ROW)
        text = [value[n] for n in "seq at event outcome message account facts commitment".split()]
        text[1], personal, salt = milliseconds(value["at"]), value["personal"], value["salt"]
        right = {h for before in hashes or () for h in (hexsha(b"sluis audit link 2\n" + H(before) + sha(written(text))), hexsha(H(before) + written(text)))}
        place = value["place"] if lane else value["seq"]
        fits = None in places or place - 1 in places
        self.hashes = {h for h in ({value["hash"]} if value["hash"] in right else {value["hash"], *right}) if re.fullmatch("[0-9a-f]{64}", h)}
        self.places = {place} if fits else {place, *(p + 1 for p in places)}
        need(fits and value.get("lane", 0) == lane, f"its place is {place}, its lane {value.get('lane', 0)}; before it is {places} of lane {lane}")
        need(hashes is None or value["hash"] in right, "its hash is not that of the row before it and what it says")
        need((personal is None) == (salt is None) and (salt is None or salt == H(salt).hex()), "its salt is wrong")
        need(personal is None or hexsha(H(salt) + personal.encode()) == value["commitment"], "its commitment is not that of salt and personal")
        need(not lane or value["seq"] > self.seq, "seq does not rise")
        self.seq, facts = value["seq"], json.loads(value["facts"])
        if value["event"] in ("approval.signed", "approval.rejected") and facts.get("proof") == "passkey": passkey(value, facts)
    def agree(self, file, firsts, held, anchors, whole):
        """What anchors tell of the places of a trail. Where it has no fault, it must have a row for each anchor of its time, if it is from the beginning."""
        ends = {first.get("lane", 0): place for first, _, _, place in firsts}
        whole = whole and all(first["after"]["seq"] == 0 for first, *_ in firsts)
        mine = [anchor for _, anchor in anchors if firsts and anchor["hostname"] == firsts[0][0]["hostname"]]
        if anchors and firsts and not mine: self.fault(file, *firsts[0][1:3], "no anchor is of this host")
        for anchor in mine:
            for (lane, place), digest in anchor["places"].items():
                hashes, *span = held.get((lane, place), (None, *firsts[-1][1:3]))
                if hashes and hashes != {digest}: self.fault(file, *span, f"the anchor of {anchor['at']} tells another hash")
                if not hashes and whole and place > ends.get(lane, -1) and anchor["at"] <= firsts[0][0]["made"]:
                    self.fault(file, *span, f"lane {lane} has no place {place}, of which an anchor tells: its end or all of it was cut off")

def look(read, names, asked):
    """All faults in what was asked for."""
    check = Check(read, asked)
    for file in asked.evidence: check.evidence(file)
    for file in asked.document:
        with check.within(file, 0, len(read(file))): check.document(file, {})
    for folder in asked.statement: check.statement(folder, names(folder))
    files = [(join(at, name).removesuffix("/."), name if name != "." else None) for at in asked.anchors for name in sorted(names(at))]
    anchors = check.anchors([(file, read(file), name) for file, name in files if file.endswith(".jsonl")])
    if asked.anchors and not anchors and not check.faults: check.fault(asked.anchors[0], 0, 1, "no anchor is there: a chain that was written anew would hold")
    faulty = any(file == fault[0] for fault in check.faults for file, _ in files)
    for file in (file for file, _ in files if file.endswith(".timestamps")): check.stamps(file, read(file), anchors, faulty)
    for file in asked.export:
        with check.within(file, 0, 1): check.trail(file, read(file), anchors)
    for folder in asked.drills: check.drills(folder, names(folder))
    return check.faults

@functools.cache
def disk(file): return Path(file).read_bytes()
@functools.cache
def names_below(folder): return [str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()] or ["."]
def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("key", "certificate", "authority"): options.add_argument(f"--{name}", required=name == "key")
    for name in ("evidence", "statement", "document", "anchors", "export", "drills"): options.add_argument(f"--{name}", action="append", default=[])
    options.add_argument("--changes", action="store_true")
    asked = options.parse_args()
    if (asked.evidence or asked.statement or asked.document) and not asked.certificate: options.error("evidence and statements need --certificate")
    for line in sys.stdin if asked.changes else ():
        changed, octet, bit = line.rsplit(maxsplit=2)
        octets = bytearray(disk(changed))
        octets[int(octet)] ^= 1 << int(bit)
        print(json.dumps(look(lambda file: bytes(octets) if file == changed else disk(file), names_below, asked)), flush=True)
    faults = [] if asked.changes else look(disk, names_below, asked)
    for file, first, last, text in faults:
        print(f"{file}: line {disk(file)[:first].count(10) + 1 if os.path.isfile(file) else '?'}, octets {first} to {last}: {text}")
    return 1 if faults else 0

if __name__ == "__main__":
    try: sys.exit(main())
    except OSError as error: sys.exit(print(f"cannot look: {error}", file=sys.stderr) or 2)
