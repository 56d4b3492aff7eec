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
_EMPTY = 'name="studio-token" content=""'  # in the page as it lies on disk


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
        actions: list[openapi.Action] = [
            ("get", "/v1/model", None, studio.model),
            ("post", "/v1/draw", messages.Draw, studio.draw),
            ("post", "/v1/complete", messages.Complete, studio.complete),
            ("post", "/v1/reconstruct", messages.Given, studio.reconstruct),
            ("post", "/v1/morph", messages.Morph, studio.morph),
            ("post", "/v1/encode", messages.Drawings, studio.encode),
            ("post", "/v1/paths", messages.Drawings, studio.paths),
            ("post", "/v1/score", messages.Given, studio.score),
            ("get", "/v1/map", None, studio.map_picture),
            ("post", "/v1/map", messages.MapPlace, studio.map_place),
            ("post", "/v1/page", messages.Page, studio.page),
            ("post", "/v1/export", messages.Export, studio.export),
            ("get", "/v1/job", None, studio.job),
            ("post", "/v1/job", messages.Plot, studio.plot),
        ]
        for verb in ("pause", "resume", "stop"):
            actions += [("post", f"/v1/job/{verb}", Body, partial(studio.steer, verb))]
        api = openapi.describe(actions)
        routes = [
            Route("/", self._home),
            Route("/healthz", lambda _: JSONResponse({"status": "ok"})),
            Route("/openapi.json", lambda _: JSONResponse(api)),
            Route("/docs", lambda _: HTMLResponse(openapi.to_html(api))),
            *(Route(a[1], partial(self._answer, a), methods=[a[0].upper()]) for a in actions),
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
        return HTMLResponse(text.replace(_EMPTY, _EMPTY.replace('""', f'"{self.token}"')))

    async def _answer(self, action: openapi.Action, request: Request) -> Response:
        """Do the work of a request in a thread, and return its result."""
        method, path, kind, act = action
        token = request.headers.get("x-studio-token", "").encode()
        moves = method == "post" and path.startswith("/v1/job")
        if moves and not secrets.compare_digest(token, self.token.encode()):
            raise HTTPException(403, "the plotter obeys the page that the studio opened alone")
        body = None if kind is None else parse(kind, await _read(request))
        is_light = kind in (None, Body)  # and must not wait, as the stop of a plot
        work = asyncio.to_thread(act, body) if is_light else self._in_pool(partial(act, body))
        result = await work
        if isinstance(result, tuple):
            content, media, name = result
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(content, media_type=media, headers=headers)
        text = result if isinstance(result, str) else json.dumps(result, allow_nan=False)
        return Response(text, media_type="application/json")

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
    headers = {"Retry-After": "1"} if status == 503 else headers
    return JSONResponse({"error": sentence}, status, headers)


def _handler(status: int, sentence: str = "") -> Callable[[Request, Any], Response]:
    """Return the function that answers an exception, with its own sentence or a fixed one."""
    return lambda _, error: _refusal(status, sentence or str(error))


_HANDLERS: dict[Any, Any] = {
    ConflictError: _handler(409),
    SketchvaeError: _handler(422),
    FullError: _handler(503, "too many requests wait already; try again in a second"),
    HTTPException: lambda _, error: _refusal(error.status_code, error.detail, error.headers),
    Exception: _handler(500, "the studio has a defect; its terminal shows what happened"),
}
