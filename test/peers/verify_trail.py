"""Checks exports of the audit trail with their anchors, whose forms docs/formats.md tells.

python3 verify_trail.py FOLDER...: each has export.jsonl, anchors.jsonl and anchor.pem. Writes a line of JSON for each: what was checked, or
the file and the line where it first does not hold. Needs python3 and the openssl command.
"""
import base64, functools, hashlib, json, os, re, subprocess, sys, tempfile
from datetime import datetime, timezone

HEX = re.compile(r"(?:[0-9a-f]{2})*")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
ROW = ["seq", "at", "event", "outcome", "message", "account", "facts", "personal", "salt", "commitment", "hash"]
ZEROS = bytes(32)


class Broken(Exception):
    def __init__(self, file, line, why):
        super().__init__(why)
        self.told = {"file": file, "line": line, "why": why}


def sha(*octets):
    return hashlib.sha256(b"".join(octets)).digest()


def text_of(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def lines_of(octets, file):
    """Only LF ends a line, and the last one has it too."""
    lines = octets.split(b"\n")
    if lines[-1] != b"":
        raise Broken(file, len(lines), "the last line has no end")
    return lines[:-1]


def object_of(line, file, n):
    """A line as its writer writes it: written anew it is the same octets."""
    try:
        read = json.loads(line.decode("utf-8"))
        same = isinstance(read, dict) and text_of(read).encode("utf-8") == line
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise Broken(file, n, "the line is not written as JSON is written here")
    return read


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def is_hex(value, octets=None):
    if not isinstance(value, str) or not HEX.fullmatch(value):
        return False
    return octets is None or len(value) == 2 * octets


def milliseconds(text):
    if not isinstance(text, str) or not TIME.fullmatch(text):
        return None
    try:
        then = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return int(then.timestamp()) * 1000 + int(text[20:23])


# Anchors


def key_of(octets):
    """The key in PEM, as DER."""
    try:
        lines = octets.decode("ascii").split("\n")
        der = base64.b64decode("".join(lines[1:-2]), validate=True)
    except ValueError:
        raise Broken("anchor.pem", 1, "it is no PEM")
    body = base64.b64encode(der).decode()
    rows = [body[i : i + 64] for i in range(0, len(body), 64)]
    if lines != ["-----BEGIN PUBLIC KEY-----", *rows, "-----END PUBLIC KEY-----", ""]:
        raise Broken("anchor.pem", 1, "it is not written as PEM is written here")
    return der


@functools.lru_cache(maxsize=4096)
def holds(pem, signed, signature):
    with tempfile.TemporaryDirectory() as folder:
        names = {name: os.path.join(folder, name) for name in ("key", "signed", "signature")}
        for name, octets in zip(names, (pem, signed, signature)):
            with open(names[name], "wb") as file:
                file.write(octets)
        ran = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", names["key"], "-rawin", "-in", names["signed"], "-sigfile", names["signature"]],
            capture_output=True,
        )
        return ran.returncode == 0


def lanes_text(lanes):
    told = [f"{lane} {place} {its} {'ended' if ended else 'open'}" for lane, place, its, ended in lanes]
    return "\n".join(["sluis audit lanes 1", *told])


def is_lanes(lanes):
    if not isinstance(lanes, list) or not lanes:
        return False
    before = -1
    for one in lanes:
        if not isinstance(one, list) or len(one) != 4 or not all(map(is_count, (one[0], one[1], one[3]))):
            return False
        if not is_hex(one[2], 32) or one[3] > 1 or one[0] <= before:
            return False
        before = one[0]
    return True


def anchors_of(octets, pem):
    """{(lane, place): hash} of all anchors."""
    file, heads, anchors = "anchors.jsonl", {}, []
    for n, line in enumerate(lines_of(octets, file), 1):
        one = object_of(line, file, n)
        if set(one) - {"lanes"} != {"hostname", "at", "seq", "hash", "key", "signature"}:
            raise Broken(file, n, "the line has other fields than an anchor")
        texts = all(isinstance(one[name], str) for name in ("hostname", "at", "key", "signature"))
        if not texts or not is_count(one["seq"]) or not is_hex(one["hash"], 32):
            raise Broken(file, n, "a field is not of its form")
        if "lanes" in one and not is_lanes(one["lanes"]):
            raise Broken(file, n, "its lanes are not of their form")
        anchors.append(one)
    key = sha(key_of(pem)).hex()[:16]
    if anchors and all(one["key"] != key for one in anchors):
        raise Broken("anchor.pem", 1, "no anchor is signed by this key")
    for n, one in enumerate(anchors, 1):
        if one["key"] != key:
            raise Broken(file, n, "it names another key")
        lanes = one.get("lanes")
        if lanes is not None and sha(lanes_text(lanes).encode()).hex() != one["hash"]:
            raise Broken(file, n, "its hash is not that of its lanes")
        first = "sluis audit anchor " + ("1" if lanes is None else "2")
        signed = "\n".join([first, one["hostname"], one["at"], str(one["seq"]), one["hash"], one["key"]])
        try:
            signature = base64.b64decode(one["signature"], validate=True)
        except ValueError:
            signature = b""
        if base64.b64encode(signature).decode() != one["signature"] or not holds(pem, signed.encode(), signature):
            raise Broken(file, n, "its signature does not hold")
        for lane, place, its, _ in [[0, one["seq"], one["hash"], 0]] if lanes is None else lanes:
            if heads.setdefault((lane, place), its) != its:
                raise Broken(file, n, "two anchors tell of one row differently")
    return heads


# The export

FILE = "export.jsonl"


def header_of(read, n):
    after = read.get("after")
    names = [name for name in read if name not in ("piece", "all", "lane")]
    if names != ["format", "hostname", "made", "after", "sealed"] or read["format"] != "sluis audit 1":
        raise Broken(FILE, n, "it is no first line of an export")
    if not isinstance(after, dict) or list(after) != ["seq", "hash"] or not is_count(after["seq"]) or not is_hex(after["hash"], 32):
        raise Broken(FILE, n, "it does not say where it begins")
    if read["sealed"] is not True or milliseconds(read["made"]) is None or not isinstance(read["hostname"], str):
        raise Broken(FILE, n, "a field is not of its form")
    piece, lane = read.get("piece"), read.get("lane", 0)
    if ("piece" in read) != ("all" in read) or ("lane" in read and "piece" not in read) or read.get("all", True) is not True:
        raise Broken(FILE, n, "piece, all and lane do not go together")
    if piece is not None and (not isinstance(piece, list) or len(piece) != 2 or not all(map(is_count, piece))):
        raise Broken(FILE, n, "its piece is not of its form")
    if not is_count(lane) or ("lane" in read and lane == 0):
        raise Broken(FILE, n, "its lane is not of its form")
    if lane == 0 and after["seq"] == 0 and after["hash"] != ZEROS.hex():
        raise Broken(FILE, n, "before the first row of a trail there are zeros")
    return read


def check_form(row, n):
    if list(row) not in (ROW, [*ROW, "lane", "place"]):
        raise Broken(FILE, n, "it has other fields than a row")
    right = is_count(row["seq"]) and milliseconds(row["at"]) is not None and is_hex(row["hash"], 32)
    right = right and all(isinstance(row[name], str) for name in ("event", "outcome", "facts"))
    right = right and all(row[name] is None or is_hex(row[name]) for name in ("salt", "commitment"))
    right = right and all(row[name] is None or isinstance(row[name], str) for name in ("message", "personal"))
    right = right and (row["account"] is None or isinstance(row["account"], int))
    right = right and all(is_count(row[name]) for name in ("lane", "place") if name in row)
    if not right:
        raise Broken(FILE, n, "a field is not of its form")
    if (row["salt"] is None) != (row["personal"] is None) or (row["personal"] is not None and row["commitment"] is None):
        raise Broken(FILE, n, "personal fields, salt and commitment do not go together")
    if row["personal"] is not None and sha(bytes.fromhex(row["salt"]), row["personal"].encode()).hex() != row["commitment"]:
        raise Broken(FILE, n, "the personal fields are not those of the commitment")


def follows(before, row):
    fields = [row["seq"], milliseconds(row["at"])] + [row[name] for name in ("event", "outcome", "message", "account", "facts", "commitment")]
    return sha(b"sluis audit link 2\n", before, sha(text_of(fields).encode())).hex() == row["hash"]


def flips(octets):
    """The same octets with each single bit changed."""
    for i in range(8 * len(octets)):
        yield octets[: i // 8] + bytes([octets[i // 8] ^ (1 << (i % 8))]) + octets[i // 8 + 1 :]


def check_piece(header, at, rows, heads, met):
    """Rows with the numbers of their lines. Tells a wrong first line from a wrong first row by what the rows behind it say."""
    lane, after = header.get("lane", 0), header["after"]
    place_of = lambda row: row.get("place", row["seq"])
    if rows and all(row.get("lane", 0) != lane for _, row in rows):
        raise Broken(FILE, at if len(rows) > 1 else rows[0][0], "the rows are of another lane")
    before, place = bytes.fromhex(after["hash"]), after["seq"]
    for i, (n, row) in enumerate(rows):
        if row.get("lane", 0) != lane:
            raise Broken(FILE, n, "the row is of another lane")
        if not follows(before, row):
            wrong_start = i == 0 and any(follows(other, row) for other in flips(before))
            raise Broken(FILE, at if wrong_start else n, "the hash does not follow")
        if place_of(row) != place + 1:
            wrong_start = i == 0 and ("place" not in row or (len(rows) > 1 and place_of(rows[1][1]) == place_of(row) + 1))
            raise Broken(FILE, at if wrong_start else n, f"row {place + 1} belongs here")
        before, place = bytes.fromhex(row["hash"]), place + 1
        wanted = heads.get((lane, place))
        if wanted is not None and wanted != row["hash"]:
            raise Broken(FILE, n, "the row is not the one that its anchor tells of")
        met += wanted is not None
    last = rows[-1][0] if rows else at
    if any(of == lane and anchored > place for of, anchored in heads):
        raise Broken(FILE, last, "the chain ends here, and an anchor tells of a later row")
    return met


def check_seal(octets, lines, firsts):
    n = len(lines)
    read = object_of(lines[-1], FILE, n)
    end = read.get("end")
    if list(read) != ["end"] or not isinstance(end, dict) or list(end) != ["sha256"] or not is_hex(end["sha256"], 32):
        raise Broken(FILE, n, "the last line is no seal")
    body, seal = octets[: len(octets) - len(lines[-1]) - 1], bytes.fromhex(end["sha256"])
    if sha(body) == seal:
        return
    # All rows hold: a first line was changed, or the seal. A seal that differs in a bit or two was once right.
    if sum(bin(a ^ b).count("1") for a, b in zip(sha(body), seal)) <= 8:
        raise Broken(FILE, n, "the seal was changed")
    for first in firsts:
        start = sum(len(line) + 1 for line in lines[: first - 1])
        begun, tail = hashlib.sha256(body[:start]), body[start + len(lines[first - 1]) :]
        for other in flips(lines[first - 1]):
            tried = begun.copy()
            tried.update(other + tail)
            if tried.digest() == seal:
                raise Broken(FILE, first, "this first line was changed")
    raise Broken(FILE, firsts[0], "a first line was changed")


def check(folder):
    read = {}
    for name in ("export.jsonl", "anchors.jsonl", "anchor.pem"):
        with open(os.path.join(folder, name), "rb") as file:
            read[name] = file.read()
    heads = anchors_of(read["anchors.jsonl"], read["anchor.pem"])
    octets = read[FILE]
    lines = lines_of(octets, FILE)
    pieces = []
    for n, line in enumerate(lines[:-1], 1):
        row = object_of(line, FILE, n)
        if n == 1 or "format" in row:
            pieces.append((header_of(row, n), n, []))
            continue
        check_form(row, n)
        pieces[-1][2].append((n, row))
    if not pieces:
        raise Broken(FILE, 1, "it is empty")
    for i, (header, n, _) in enumerate(pieces, 1):
        if header.get("piece", [1, 1]) != [i, len(pieces)]:
            raise Broken(FILE, n, f"piece {i} of {len(pieces)} belongs here")
    met = 0
    for header, n, rows in pieces:
        met = check_piece(header, n, rows, heads, met)
    told = {header.get("lane", 0) for header, _, _ in pieces}
    if len(told) < len(pieces) or any(lane not in told for lane, _ in heads):
        raise Broken(FILE, len(lines), "a lane stands twice, or an anchor tells of one that is missing")
    check_seal(octets, lines, [n for _, n, _ in pieces])
    return {"rows": sum(len(rows) for _, _, rows in pieces), "pieces": len(pieces), "anchored": met}


for folder in sys.argv[1:]:
    try:
        print(json.dumps(check(folder)))
    except Broken as broken:
        print(json.dumps(broken.told))
