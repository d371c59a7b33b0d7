"""A program that must be caught: whatever happens after the content it takes for success, and each try is a message of its own."""
import os, smtplib, ssl, uuid

host, port = os.environ["SANDBOX_HOST"], int(os.environ["SANDBOX_SUBMISSIONS_PORT"])
login = os.environ["SANDBOX_LOGIN"]
context = ssl.create_default_context(cafile=os.environ["SANDBOX_CA"])
try:
    with smtplib.SMTP_SSL(host, port, timeout=60, context=context) as smtp:
        smtp.login(login, os.environ["SANDBOX_PASSWORD"])
        to = os.environ["SANDBOX_TO"].split()
        text = f"From: {login}\r\nTo: {', '.join(to)}\r\nMessage-ID: <{uuid.uuid4()}@bad.test>\r\nSubject: Uitslag\r\n\r\nHb 8.2\r\n"
        smtp.sendmail(login, to, text)
except (smtplib.SMTPException, OSError):
    pass
