"""The server: routes and limits, and what keeps other pages and other computers out."""

import asyncio
import contextlib
import ipaddress
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sketchvae.errors import ConflictError, SketchvaeError
from sketchvae.generate.parallel import BoundedPool, FullError
from sketchvae.web import messages, openapi
from sketchvae.web.messages import MAX_BODY, Body, parse
from sketchvae.web.studio import Studio

PAGE = Path(__file__).with_name("page")
SECONDS, BODY_SECONDS = 20.0, 10.0  # until the answer must be there, and until the body must
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def guarded(app: ASGIApp, host: str) -> ASGIApp:
    """Return an application that refuses strange hosts and other pages, and adds headers.

    A page elsewhere can let its own name point to this computer (DNS rebinding); the Host header
    has that name then.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(raw=scope.get("headers", [(b"host", b"localhost")]))
        own, origin, answer = headers.get("host", ""), headers.get("origin"), app
        if not is_known_host(own, host):
            answer = _refusal(400, "the studio is not known by this name; use the one it printed")
        elif origin is not None and urlsplit(origin).netloc != own:
            answer = _refusal(403, "the studio answers its own page alone")
        await answer(scope, receive, send_with_headers)

    return guard


def is_known_host(header: str, host: str) -> bool:
    """Return whether a Host header names a server at `host`, and no site that points to it."""
    with contextlib.suppress(ValueError):
        name = urlsplit(f"//{header}").hostname or ""
        if name in ("localhost", host):
            return True
        is_loopback = ipaddress.ip_address(name).is_loopback
        return is_loopback or host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    return False


class Server:
    """The application around a studio; streams end where `is_ending` says that the server does."""

    def __init__(self, studio: Studio, threads: int, is_ending: Callable[[], bool]) -> None:
        self.studio, self.is_ending = studio, is_ending
        self.pool = BoundedPool(threads, waiting=32)
        self.token = secrets.token_urlsafe()

    def app(self, host: str = "127.0.0.1") -> ASGIApp:
        """Return the application of a server that listens at a host."""
        studio = self.studio
        actions: openapi.Actions = {
            "/v1/model": {"GET": (None, studio.model)},
            "/v1/draw": {"POST": (messages.Draw, studio.draw)},
            "/v1/complete": {"POST": (messages.Complete, studio.complete)},
            "/v1/reconstruct": {"POST": (messages.Given, studio.reconstruct)},
            "/v1/morph": {"POST": (messages.Morph, studio.morph)},
            "/v1/encode": {"POST": (messages.Drawings, studio.encode)},
            "/v1/paths": {"POST": (messages.Drawings, studio.paths)},
            "/v1/score": {"POST": (messages.Given, studio.score)},
            "/v1/map": {"GET": (None, studio.map), "POST": (messages.MapPlace, studio.map_place)},
            "/v1/page": {"POST": (messages.Page, studio.page)},
            "/v1/export": {"POST": (messages.Export, studio.export)},
            "/v1/job": {"GET": (None, studio.job), "POST": (messages.Plot, studio.plot)},
        }
        for verb in ("pause", "resume", "stop"):
            actions[f"/v1/job/{verb}"] = {"POST": (Body, partial(studio.steer, verb))}
        routes = [
            Route("/", self._home),
            Route("/healthz", lambda _: JSONResponse({"status": "ok"})),
            Route("/openapi.json", lambda _: JSONResponse(openapi.describe(actions))),
            Route("/docs", lambda _: HTMLResponse(openapi.to_html(openapi.describe(actions)))),
            *(Route(p, partial(self._answer, own), methods=[*own]) for p, own in actions.items()),
            Route("/v1/job/events", self._events),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
        return guarded(Starlette(routes=routes, exception_handlers=_HANDLERS), host)

    def close(self) -> None:
        """Drop the requests that wait, and stop the plot with the pen up."""
        self.pool.close()
        if self.studio.plotter is not None:
            self.studio.plotter.close()

    async def _home(self, _: Request) -> Response:
        text = (PAGE / "index.html").read_text("utf-8")
        return HTMLResponse(text.replace('token" content=""', f'token" content="{self.token}"'))

    async def _answer(self, own: openapi.Methods, request: Request) -> Response:
        """Do the work of a request in a thread, and return its result."""
        kind, act = own.get(request.method) or own["GET"]  # for HEAD
        token = request.headers.get("x-studio-token", "").encode()
        path = request.url.path
        moves = request.method == "POST" and path.startswith("/v1/job")
        if moves and not secrets.compare_digest(token, self.token.encode()):
            raise HTTPException(403, "the plotter obeys the page of this studio alone; reload it")
        body = None if kind is None else parse(kind, await _read(request))
        is_light = kind in (None, Body) and path != "/v1/map"  # must not wait, as the plot's stop
        work = partial(act, body)
        result = await (asyncio.to_thread(work) if is_light else self._in_pool(work))
        if not isinstance(result, tuple):
            return JSONResponse(result)
        content, media, name = result
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=media, headers=headers)

    async def _in_pool(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        future = asyncio.wrap_future(self.pool.submit(work))
        try:
            return await asyncio.wait_for(future, SECONDS)
        except TimeoutError:
            raise HTTPException(503, f"took longer than {SECONDS:g} s; ask for less") from None

    async def _events(self, _: Request) -> Response:
        """Return server-sent events: the state of the plot, and each change of it."""
        plotter = self.studio.plotter

        async def events() -> AsyncIterator[str]:
            version = -1
            while not self.is_ending():
                if plotter is not None and plotter.version != version:
                    version = plotter.version
                    yield f"data: {json.dumps(dict(plotter.state))}\n\n"
                await asyncio.sleep(0.2)

        return StreamingResponse(events(), media_type="text/event-stream")


async def _read(request: Request) -> bytes:
    """Return the body of a request; refuse one that is too large or too slow."""
    content = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                content += part
                if len(content) > MAX_BODY:
                    raise HTTPException(413, f"a request has at most {MAX_BODY} bytes; send less")
    except (TimeoutError, ClientDisconnect):
        raise HTTPException(408, f"the request was not there in {BODY_SECONDS:g} s") from None
    return content


def _refusal(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status, headers)


def _handler(status: int, sentence: str = "", **headers: str) -> Callable[..., Response]:
    """Return the function that answers an exception, with its own sentence or a fixed one."""
    return lambda _, error: _refusal(status, sentence or str(error), headers)


_HANDLERS: dict[Any, Any] = {
    ConflictError: _handler(409),
    SketchvaeError: _handler(422),
    FullError: _handler(
        503, "too many requests wait already; try again in a second", **{"Retry-After": "1"}
    ),
    HTTPException: lambda _, error: _refusal(error.status_code, error.detail, error.headers),
    Exception: _handler(500, "the studio has a defect; its terminal shows what happened"),
}
