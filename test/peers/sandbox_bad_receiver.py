"""A program that must be caught: it deletes before it stores, keeps no list of unique ids, and asks for everything at once."""
import os, poplib, ssl

poplib._MAXLINE = 65536
context = ssl.create_default_context(cafile=os.environ["SANDBOX_CA"])
pop = poplib.POP3_SSL(os.environ["SANDBOX_HOST"], int(os.environ["SANDBOX_POP3S_PORT"]), timeout=60, context=context)
pop.user(os.environ["SANDBOX_LOGIN"])
pop.pass_(os.environ["SANDBOX_PASSWORD"])
got = []
for number in range(1, pop.stat()[0] + 1):
    got.append(b"\r\n".join(pop.retr(number)[1]))
    pop.dele(number)
pop.quit()
for n, octets in enumerate(got):
    with open(os.path.join(os.environ["STORE"], f"{os.getpid()}-{n}"), "wb") as file:
        file.write(octets)
