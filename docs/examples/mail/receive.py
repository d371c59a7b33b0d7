import os, poplib, ssl, sys

def store(uid, octets):
    """Durable before anything is deleted: written, synced, named, and the name synced."""
    with open("inbox.new", "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    os.rename("inbox.new", f"inbox-{uid}")
    folder = os.open(".", os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)

poplib._MAXLINE = 65536  # interchanges have long lines
try:
    pop = poplib.POP3_SSL("mail.example.nl", 995, timeout=60, context=ssl.create_default_context(cafile="ca.pem"))
    pop.user("assistente@de-brug.example")
    pop.pass_("giraf-bloempot")
except poplib.error_proto as error:
    reply = error.args[0].decode("utf-8", "replace")
    sys.exit(75 if "[IN-USE]" in reply or "[SYS/TEMP]" in reply else reply)  # 75: try again in a minute
for line in pop.uidl()[1]:
    number, uid = line.decode("ascii").split(" ")
    if not os.path.exists(f"inbox-{uid}"):
        store(uid, b"\r\n".join(pop.retr(number)[1]) + b"\r\n")
    pop.dele(number)
pop.quit()
