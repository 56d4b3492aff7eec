"""Start the server, open the page, and end it on Ctrl-C."""

import contextlib
import socket
from collections.abc import Callable
from threading import Thread

import uvicorn

from sketchvae.errors import SketchvaeError
from sketchvae.generate.artist import Artist
from sketchvae.generate.parallel import cpu_count, one_thread
from sketchvae.plot.profiles import Profile
from sketchvae.web.server import create_app
from sketchvae.web.studio import Studio
from sketchvae.web.workers import Workers

PORT = 8137
_CONNECTIONS = 500  # at once; more are refused


class _Server(uvicorn.Server):
    """A server that calls a function once it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._ready()


def run(
    artist: Artist,
    name: str,
    profile: Profile,
    host: str,
    port: int | None,
    launch: Callable[[str], object] | None,
    report: Callable[[str], object],
) -> None:
    """Serve the studio until a signal ends it.

    Args:
        artist: that draws.
        name: of the model.
        profile: of the machine.
        host: address to listen at.
        port: to listen at; 0 for a free one; None for the usual one, or a free one.
        launch: opens the page in a browser; None not to.
        report: shows a sentence.

    Raises:
        SketchvaeError: if it cannot listen there.
    """
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listening.getsockname()[1]}/"
    workers = Workers(cpu_count())
    app = create_app(Studio(artist, name, profile), workers, host)
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )

    def ready() -> None:
        report(f"the studio is at {url}; Ctrl-C ends it")
        if launch is not None:
            Thread(target=launch, args=(url,), daemon=True).start()  # some browsers block

    with one_thread(), contextlib.closing(workers), contextlib.suppress(KeyboardInterrupt):
        _Server(config, ready).run([listening])


def _listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that is bound.

    Args:
        host: address.
        port: its number; None for the usual one, or a free one.

    Raises:
        SketchvaeError: if the address is none of this computer, or the port is taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, PORT if port is None else port, type=socket.SOCK_STREAM
        )[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        if port is None:
            return _listen(host, 0)
        raise SketchvaeError(
            f"{host}, port {port}: cannot be listened at ({error.strerror}); try --port 0"
        ) from error
    return listening
