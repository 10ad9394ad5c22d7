"""Who may enter: whoever has the token, or the cookie that it became."""

import hmac
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from html import escape
from ipaddress import IPv4Address, ip_network
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from flask import Response, json
from werkzeug.wrappers import Request

from protocol.errors import Busy, RequestError, Unauthorized
from protocol.formats.openai_answer import error_payload
from web.allowance import Allowance
from web.loop.peers import read_peer
from web.page import HTML, add_headers

log = logging.getLogger(__name__)

# Wrong tokens of one address, and of all that never had the right one.
PER_S, BURST = 1 / 6, 20
ALL_PER_S, ALL_BURST = 1.0, 200
TOO_MANY = "Too many wrong tokens came. Try again in a minute."
# So many addresses are told apart; of more, the one that was heard least lately is forgotten.
MAX_ADDRESSES = 4096

COOKIE_S = 30 * 24 * 3600
# A home has so many bits of an address for itself; each device in it takes as many as it likes.
IPV6_NETWORK_BITS = 64

PAGES = "/socket.io/"
_MAY_ENTER = "moonsight.may_enter"


class Access:
    """Keeps all doors of one server behind a token. On the loop only.

    It comes once in an address (`?token=`), which makes a cookie of it, with each request in
    `Authorization: Bearer` or `X-Moondream-Auth`, or in the `auth` of Socket.IO. Each token that
    comes has to be right, and only so many may be wrong, of one address and of all.
    """

    def __init__(self, token: str, clock: Callable[[], float] = monotonic) -> None:
        self._digest = _digest(token)
        self._cookie = hmac.new(token.encode(), b"cookie", sha256).hexdigest()
        # Cookies do not know ports: another Moonsight on this computer has its own.
        self._cookie_name = f"moonsight_{hmac.new(token.encode(), b'name', sha256).hexdigest()[:8]}"
        self._of_address = partial(Allowance, clock, PER_S, BURST, TOO_MANY)
        self._allowances: OrderedDict[str, Allowance] = OrderedDict()
        self._of_all = Allowance(clock, ALL_PER_S, ALL_BURST, TOO_MANY)
        # Addresses that once had the right one: whatever others do, they are heard.
        self._known: OrderedDict[str, None] = OrderedDict()

    def guard(self, wsgi_app: Callable) -> Callable:
        """Wrap a WSGI app so that only those get in who may enter."""

        def guarded(environ: dict, start_response: Callable) -> Iterable[bytes]:
            try:
                answer = self._answer(Request(environ))
            except RequestError as error:
                answer = _refusal(error, Request(environ))
            return (answer or wsgi_app)(environ, start_response)

        return guarded

    def admit(self, environ: dict[str, Any], auth: object) -> None:
        """Let a connection of Socket.IO in. Raises Unauthorized, and Busy after too many.

        environ: of its first request, which passed the guard; auth: what it said of itself.
        """
        if not environ.get(_MAY_ENTER):
            token = auth.get("token") if isinstance(auth, dict) else None
            self._judge([token] if isinstance(token, str) else [], _address(environ))

    def _answer(self, request: Request) -> Response | None:
        """What is said in place of the app's own answer; None where that is asked."""
        if self._has_cookie(request):
            request.environ[_MAY_ENTER] = True
        else:
            tokens = _tokens(request)
            # A browser asks so before it may send a token; a connection may name it later.
            if not tokens and (request.method == "OPTIONS" or request.path.startswith(PAGES)):
                return None
            self._judge(tokens, _address(request.environ))
            request.environ[_MAY_ENTER] = True
        if "token" in request.args and _is_browser(request):
            return self._welcome(request)
        return None

    def _has_cookie(self, request: Request) -> bool:
        cookie = request.cookies.get(self._cookie_name, "")
        return hmac.compare_digest(_digest(cookie), _digest(self._cookie))

    def _judge(self, tokens: list[str], address: str) -> None:
        """Raises Unauthorized when they are not all right, Busy when too many were wrong."""
        if not tokens:
            raise Unauthorized
        own = self._allowance(address)
        counted = [own] if address in self._known else [own, self._of_all]
        try:
            for each in counted:
                each.spend()
        except Busy:
            if own.n_refused == 1:
                log.warning("%s sent too many wrong tokens; more are not read", address)
            raise
        if not all(self._is_right(each) for each in tokens):
            raise Unauthorized
        for each in counted:
            each.give_back()
        _keep(self._known, address, None)

    def _is_right(self, token: str) -> bool:
        return hmac.compare_digest(_digest(token), self._digest)

    def _allowance(self, address: str) -> Allowance:
        allowance = self._allowances.get(address) or self._of_address()
        _keep(self._allowances, address, allowance)
        return allowance

    def _welcome(self, request: Request) -> Response:
        """Give the cookie, and lead to the same page without the token.

        By a page and not by a redirect: after a click on another site's page, a browser would send
        the cookie to the one, and not to the other.
        """
        rest = [each for each in request.args.items(multi=True) if each[0] != "token"]
        path = "/" + request.path.lstrip("/")
        url = escape(f"{path}?{urlencode(rest)}" if rest else path)
        response = Response(
            "<!doctype html><title>Moonsight</title>"
            f'<meta http-equiv="refresh" content="0; url={url}"><p><a href="{url}">Go on</a></p>',
            mimetype=HTML,
        )
        response.set_cookie(
            self._cookie_name,
            self._cookie,
            max_age=COOKIE_S,
            secure=request.scheme == "https",
            httponly=True,
            samesite="Strict",
        )
        response.headers["Cache-Control"] = "no-store"
        return add_headers(response)


def _tokens(request: Request) -> list[str]:
    """Every token that a request has, wherever; one in a form that is not known is a wrong one."""
    tokens = request.args.getlist("token")
    if (authorization := request.headers.get("Authorization")) is not None:
        scheme, _, token = authorization.partition(" ")
        tokens.append(token.strip() if scheme.lower() == "bearer" else "")
    if (of_moondream := request.headers.get("X-Moondream-Auth")) is not None:
        tokens.append(of_moondream)
    return tokens


def _refusal(error: RequestError, request: Request) -> Response:
    """An error for people as a sentence, for programs as most of them read it."""
    if _is_browser(request):
        response = Response(f"{error.message}\n", error.http_status, mimetype="text/plain")
    else:
        told = json.dumps(error_payload(error))
        response = Response(told, error.http_status, mimetype="application/json")
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="Moonsight"'
    if isinstance(error, Busy):
        response.headers["Retry-After"] = "60"
    response.headers["Cache-Control"] = "no-store"
    return add_headers(response)


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogatepass")).digest()


def _address(environ: dict[str, Any]) -> str:
    """Whom a request comes from: an address, or a network of those that one device can have."""
    told = environ.get("REMOTE_ADDR", "")
    try:
        address = read_peer(told)
    except ValueError:
        return told
    is_old = isinstance(address, IPv4Address)
    return str(address if is_old else ip_network((address, IPV6_NETWORK_BITS), strict=False))


def _keep(addresses: OrderedDict, address: str, value: object) -> None:
    addresses[address] = value
    addresses.move_to_end(address)
    if len(addresses) > MAX_ADDRESSES:
        addresses.popitem(last=False)
