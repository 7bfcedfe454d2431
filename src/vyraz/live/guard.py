"""Who may ask and for how long, and what browsers are told: before anything else sees a request."""

import asyncio
import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vyraz.live.settings import Settings, is_loopback

__all__ = ["Guard", "knows", "may_connect"]

_HEADERS = {
    # A page of ours may load its own files, and pictures that it has made.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; style-src 'self'; "
        "script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: What anybody may see: it says nothing about pictures, and the page needs it to ask for the token.
_OPEN = ("/api/settings",)


class Guard:
    """ASGI middleware: host, origin, token and time of requests; headers of answers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        try:
            async with asyncio.timeout(self._seconds(scope)):
                await self._app(scope, receive, answer)
        except TimeoutError:
            if not answer.begun:
                await JSONResponse({"detail": "the request took too long"}, 408)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers, path = Headers(scope=scope), scope["path"]
        if not may_connect(headers, self._settings):
            return JSONResponse({"detail": "requests of other sites are refused"}, 403)
        secret = (path.startswith("/api/") or path == "/metrics") and path not in _OPEN
        if secret and not knows(_bearer(headers), self._settings):
            return JSONResponse({"detail": "the token is missing or wrong"}, 401, {"WWW-Authenticate": "Bearer"})
        return None

    def _seconds(self, scope: Scope) -> float:
        limits = self._settings.limits
        return limits.upload_seconds if scope["path"].startswith("/api/jobs") else limits.request_seconds


def knows(token: str | None, settings: Settings) -> bool:
    """Whether a token is the right one; where none is asked for, every one is. Takes the same time either way."""
    return not settings.token or hmac.compare_digest((token or "").encode(), settings.token.encode())


def may_connect(headers: Headers, settings: Settings) -> bool:
    """Whether a request comes from our own page or from no page at all.

    On loopback it must also name this machine: else a foreign site could give its own name our address.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    try:
        if is_loopback(settings.host) and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return False
        return origin is None or urlsplit(origin).netloc == host
    except ValueError:
        return False


def _bearer(headers: Headers) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else None


class _Answer:
    """Sends an answer with our headers."""

    def __init__(self, send: Send) -> None:
        self._send, self.begun = send, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)
