"""Which web sites' pages may ask: this one's own, and those that were named at the start."""

from collections.abc import Iterable
from typing import Any

from protocol.hosts import parse_origin


class Origins:
    """Judges the `Origin` header, for Socket.IO and for HTTP alike."""

    def __init__(self, named: Iterable[str]) -> None:
        """named: as `parse_origin` reads them."""
        self._named = {parse_origin(each) for each in named}

    def is_named(self, origin: str | None) -> bool:
        """Whether it was named at the start."""
        try:
            return parse_origin(origin or "") in self._named
        except ValueError:
            return False

    def may_ask(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """Whether a page of this origin may ask; `environ` tells the address it was asked at."""
        own = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        try:
            return self.is_named(origin) or parse_origin(origin or "") == parse_origin(own)
        except ValueError:
            return False
