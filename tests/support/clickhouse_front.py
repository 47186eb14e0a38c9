"""Puts a small HTTP server before chDB, which embeds the engine of ClickHouse.

Usage: clickhouse_front.py PORT PASSWORD

The SQL, its parameters and its settings go to the engine as they come; types, formats and texts of
errors are the engine's. What the HTTP server of ClickHouse itself does is imitated: the parameters
of the URL, the status codes, the login (user `kpi` with the password, user `default` without).
"""

import base64
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

import chdb
from chdb.session import Session

OWN_PARAMETERS = {"database", "default_format", "wait_end_of_query", "query", "query_id"}
STATUS = {43: 400, 46: 400, 47: 400, 62: 400, 60: 404, 81: 404, 159: 408, 164: 403, 516: 403}
REFUSED = (
    "Code: 516. DB::Exception: {}: Authentication failed: password is incorrect, or there is no "
    "user with such name. (AUTHENTICATION_FAILED)"
)

session = Session()


def login(headers):
    """The name of a user who may not in, or None."""
    user, password = headers.get("X-ClickHouse-User", "default"), ""
    authorization = headers.get("Authorization", "")
    if authorization.startswith("Basic "):
        user, _, password = base64.b64decode(authorization[6:]).decode().partition(":")
    users = {"default": "", "kpi": sys.argv[2]}
    return None if users.get(user) == password else user


def run(sql, given):
    """What the engine answers; raises what it says."""
    session.query(f"USE `{given.get('database', 'default')}`", "Null")
    bound = {name[6:]: value for name, value in given.items() if name.startswith("param_")}
    settings = [
        f"{name} = '{value}'"
        for name, value in given.items()
        if name not in OWN_PARAMETERS and not name.startswith("param_")
    ]
    if settings:
        named = re.search(r"\bFORMAT\s+\w+\s*$", sql)
        form = "" if named else f"\nFORMAT {given['default_format']}"
        sql = f"{sql}{form}\nSETTINGS {', '.join(settings)}"
    try:
        answer = session.query(sql, given.get("default_format", "TSV"), params=bound)
        return answer.bytes()
    except Exception:
        # What a query had written before it failed would come with the next answer.
        session.query("SELECT 1", "Null")
        raise


class Front(BaseHTTPRequestHandler):
    def do_POST(self):
        sql = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        stranger = login(self.headers)
        try:
            if stranger is not None:
                raise RuntimeError(REFUSED.format(stranger))
            self.answer(200, run(sql, given), {})
        except Exception as error:
            text = f"{error} (version {chdb.engine_version} (official build))\n"
            found = re.match(r"Code: (\d+)", text)
            code = int(found[1]) if found else 0
            self.answer(STATUS.get(code, 500), text.encode(), {"X-ClickHouse-Exception-Code": code})

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Front).serve_forever()
