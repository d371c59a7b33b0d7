import base64, json, os, pathlib, time, urllib.error, urllib.request, uuid

API = os.environ["SLUIS_API"]
LOGIN = base64.b64encode(f"{os.environ['SLUIS_LOGIN']}:{os.environ['SLUIS_PASSWORD']}".encode()).decode()


def ask(method, path, body=None, key=None, **headers):
    headers = {"Authorization": f"Basic {LOGIN}", **headers}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if method == "POST":
        headers["Idempotency-Key"] = key or str(uuid.uuid4())
    data = None if body is None else json.dumps(body).encode()
    for attempt in range(5):
        try:
            request = urllib.request.Request(API + path, data, headers, method=method)
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            # For now: the same again, under the same key. Everything else is for good.
            if error.code not in (429, 503, 507) or attempt == 4:
                raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}")
            time.sleep(int(error.headers.get("Retry-After", "5")))


def send(sender, recipient, name, octets, key):
    attachment = {"name": name, "type": "application/edifact", "content": base64.b64encode(octets).decode()}
    message = {"from": sender, "to": [recipient], "subject": name, "text": "Zie de bijlage.", "attachments": [attachment]}
    return json.loads(ask("POST", "/messages", message, key))


def receive(folder):
    claim = json.loads(ask("POST", "/mailbox/claims", {"most": 10}, Prefer="wait=5"))
    for message in claim["messages"]:
        content = ask("GET", f"/mailbox/messages/{message['id']}/content")
        # On the disk before it is acknowledged: from then on it is yours alone.
        with open(folder / f"{message['id']}.eml", "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    if claim["messages"]:
        ask("POST", f"/mailbox/claims/{claim['id']}/acknowledgements", {})
    return len(claim["messages"])


edi = b"UNB+UNOA:1+500000001+500000002+261128:1200+1'UNH+1+MEDLAB:1'UNT+2+1'UNZ+1+1'"
sent = send("huisarts@huisarts.example", "huisarts@huisarts.example", "uitslag.edi", edi, "uitslag-2026-0001")
print("sent", sent["id"])
inbox = pathlib.Path("inbox")
inbox.mkdir(exist_ok=True)
print("received", receive(inbox))
