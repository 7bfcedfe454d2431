"""Run the server until it is stopped."""

import socket
import threading
import webbrowser
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from vyraz.errors import UsageError
from vyraz.live.app import create_app
from vyraz.live.settings import Settings, is_loopback

__all__ = ["serve"]

#: Seconds in which a client must have sent the head of its request.
_HEAD_SECONDS = 15
_GRACE_SECONDS = 5
_BACKLOG = 128


def serve(settings: Settings, *, ready: Callable[[str], None], open_browser: bool = False) -> None:
    """Listen, tell the address, serve until interrupted.

    Args:
        settings: see there.
        ready: told the page's address.
        open_browser: show the page in this machine's browser, where there is one.

    Raises:
        UsageError: the address cannot be had.
        ModelError: the model cannot be loaded.
    """
    app = create_app(settings)
    listening = _listen(settings)
    config = uvicorn.Config(
        app,
        http=_Impatient,
        ws="websockets-sansio",
        ws_max_size=settings.limits.frame_bytes,
        ws_max_queue=4,
        limit_concurrency=settings.limits.connections,
        timeout_keep_alive=_HEAD_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    address = _address(settings, listening)
    ready(address)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    server.run(sockets=[listening])


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host.strip("[]"), settings.port))
        # Who comes before the server is ready waits.
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{settings.host}:{settings.port} cannot be listened on ({reason}); try --port 0") from error
    return listening


def _address(settings: Settings, listening: socket.socket) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") or is_loopback(settings.host) else settings.host
    return f"http{'s' if settings.certificate else ''}://{host}:{listening.getsockname()[1]}/"


class _Impatient(H11Protocol):
    """Closes a connection whose first request does not come; uvicorn itself waits for ever."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None and not self.transport.is_closing() and self.transport.get_protocol() is self:
            self.transport.close()
