"""A mail server on a free loopback port, by aiosmtpd: prints its port, then each letter as a line of JSON.

Usage: mail_server.py [--certificate FILE --key FILE --user NAME --password TEXT]
With a certificate nobody may send before STARTTLS and a login (PLAIN: programs in Go stop at how LOGIN asks here).
"""
import argparse, asyncio, json, ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Printer:
    async def handle_DATA(self, server, session, envelope):
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "user": session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else None,
            "text": envelope.content.decode("utf-8", "replace"),
        }
        print(json.dumps(letter), flush=True)
        return "250 OK"


async def main():
    parser = argparse.ArgumentParser()
    for name in ("certificate", "key", "user", "password"):
        parser.add_argument(f"--{name}")
    told = parser.parse_args()
    options = {}
    if told.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(told.certificate, told.key)
        expected = LoginPassword(told.user.encode(), told.password.encode())
        authenticator = lambda server, session, envelope, mechanism, data: AuthResult(success=data == expected, handled=False, auth_data=data)
        options = dict(tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticator, auth_exclude_mechanism=["LOGIN"])
    make = lambda: SMTP(Printer(), hostname="localhost", **options)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
