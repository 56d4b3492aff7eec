"""The server: routes, limits, and what keeps other pages and other computers out."""

import asyncio
import ipaddress
import json
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sketchvae.errors import SketchvaeError
from sketchvae.web import messages
from sketchvae.web.messages import MAX_BODY, Body, parse
from sketchvae.web.studio import File, Studio
from sketchvae.web.workers import BusyError, Workers

PAGE = Path(__file__).with_name("page")
BODY_SECONDS = 10.0  # in which a body must have come
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


_EMPTY = 'name="studio-token" content=""'  # in the page as it lies on disk


class Guard:
    """Refuses strange hosts and other pages, and adds headers to every answer.

    A page of another site can let its own name point to this computer (DNS rebinding); the Host
    header tells, since the name in it is that site's.

    Args:
        app: behind it.
        host: that the server listens at.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app, self.host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_known_host(host, self.host):
            answer = refusal(400, "the studio is not known by this name; use the one it printed")
        elif origin is not None and urlsplit(origin).netloc != host:
            answer = refusal(403, "the studio answers its own page alone")
        else:
            await self.app(scope, receive, send_with_headers)
            return
        await answer(scope, receive, send_with_headers)


def is_known_host(header: str, host: str) -> bool:
    """Return whether a Host header names this server and no site that points to it.

    Args:
        header: name and port.
        host: that the server listens at; any address, where that is 0.0.0.0 or ::.
    """
    try:
        name = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return False
    if name in ("localhost", host):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def refusal(status: int, sentence: str) -> JSONResponse:
    """Return the answer to a request that is refused.

    Args:
        status: of HTTP.
        sentence: why.
    """
    headers = {"Retry-After": "1"} if status == 503 else None
    return JSONResponse({"error": sentence}, status, headers)


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        HTTPException: if it is too large or too slow.
    """
    content = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                content += part
                if len(content) > MAX_BODY:
                    raise HTTPException(413, f"a request has at most {MAX_BODY} bytes; send less")
    except TimeoutError:
        raise HTTPException(408, f"the request was not there within {BODY_SECONDS:g} s") from None
    except ClientDisconnect:
        raise HTTPException(400, "the request was cut off") from None
    return content


def to_response(result: Any) -> Response:  # noqa: ANN401 - what an action returns
    """Return the answer with a result: JSON, as text or as an object, or a file."""
    if isinstance(result, File):
        disposition = f'attachment; filename="{result.name}"'
        return Response(
            result.content, media_type=result.media, headers={"Content-Disposition": disposition}
        )
    text = result if isinstance(result, str) else json.dumps(result, allow_nan=False)
    return Response(text, media_type="application/json")


Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(studio: Studio, workers: Workers, host: str = "127.0.0.1") -> ASGIApp:
    """Return the application.

    Args:
        studio: that does the work.
        workers: in which it does.
        host: that the server listens at.
    """
    token = secrets.token_urlsafe()

    async def home(_: Request) -> Response:
        text = (PAGE / "index.html").read_text("utf-8")
        return HTMLResponse(text.replace(_EMPTY, _EMPTY.replace('""', f'"{token}"')))

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def model(_: Request) -> Response:
        return JSONResponse(studio.model())

    async def map_picture(_: Request) -> Response:
        return to_response(await workers.run(lambda: studio.map))

    def post(kind: type[Body], act: Callable[[Any], Any]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            body = parse(kind, await read_body(request))
            return to_response(await workers.run(partial(act, body)))

        return endpoint

    actions: dict[str, tuple[type[Body], Callable[[Any], Any]]] = {
        "draw": (messages.Draw, studio.draw),
        "complete": (messages.Complete, studio.complete),
        "reconstruct": (messages.Reconstruct, studio.reconstruct),
        "morph": (messages.Morph, studio.morph),
        "encode": (messages.Encode, studio.encode),
        "score": (messages.Score, studio.score),
        "map": (messages.MapPlace, studio.map_place),
        "page": (messages.Page, studio.page),
        "export": (messages.Export, studio.export),
    }
    routes = [
        Route("/", home),
        Route("/healthz", health),
        Route("/v1/model", model),
        Route("/v1/map", map_picture, methods=["GET"]),
        *(
            Route(f"/v1/{name}", post(*action), methods=["POST"])
            for name, action in actions.items()
        ),
        Mount("/page", StaticFiles(directory=PAGE, check_dir=False)),
    ]
    app = Starlette(routes=routes, exception_handlers=_HANDLERS)
    return Guard(app, host)


async def _refused(_: Request, error: Exception) -> Response:
    return refusal(422, str(error))


async def _busy(_: Request, error: Exception) -> Response:
    return refusal(503, str(error))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, error.detail)


async def _defect(_: Request, __: Exception) -> Response:
    return refusal(500, "the studio has a defect; what happened stands where it was started")


_HANDLERS: dict[Any, Any] = {
    SketchvaeError: _refused,
    BusyError: _busy,
    HTTPException: _http,
    Exception: _defect,
}
