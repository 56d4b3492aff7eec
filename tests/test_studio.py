"""The studio's API, in this process: what it answers, and what it refuses."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grbl_simulator import Simulator
from helpers import SHEEP, ending_model
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sketchvae.data.ndjson import read
from sketchvae.drawing import Drawing
from sketchvae.generate.artist import Artist, load
from sketchvae.generate.candidates import plausibility
from sketchvae.machine.plotter import Plotter
from sketchvae.plot.profiles import find_profile
from sketchvae.web import server as serving_module
from sketchvae.web.server import Server
from sketchvae.web.studio import Studio

ARTIST = load()
STROKES = [[s[:, 0].tolist(), s[:, 1].tolist()] for s in next(read(SHEEP)).strokes]


def server(artist: Artist = ARTIST, plotter: Plotter | None = None, threads: int = 2) -> Server:
    profile = find_profile("grbl-servo", Path("none.toml"))
    return Server(Studio(artist, "sheep", profile, plotter), threads, lambda: False)


@contextlib.contextmanager
def serving(server: Server) -> Iterator[TestClient]:
    base, defect = "http://localhost:8137", False
    with TestClient(server.app(), base, raise_server_exceptions=defect) as client:
        yield client
    server.close()


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with serving(server()) as client:
        yield client


def post(client: TestClient, path: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the answer to a good request."""
    response = client.post(f"/v1/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_the_same_seed_draws_the_same_sheep_as_the_artist(client: TestClient) -> None:
    answer = post(client, "draw", n=3, seed=7)
    expected = [d.to_quickdraw() for d in ARTIST.draw(3, seed=7)]
    assert [d["word"] for d in answer["drawings"]] == ["sheep"] * 3
    assert answer["drawings"][2]["drawing"] == [s.T.tolist() for s in expected[2].strokes]
    assert answer["seed"] == 7
    unseeded = post(client, "draw")
    again = post(client, "draw", seed=unseeded["seed"])
    assert again == unseeded


def test_a_completion_begins_with_what_was_drawn_to_the_last_digit(client: TestClient) -> None:
    beginning = [[[10.123456789012345, 200, 30], [1, 2, 1e-7]]]
    for drawing in post(client, "complete", drawing=beginning, n=2, seed=1)["drawings"]:
        assert drawing["drawing"][0] == beginning[0]
        assert len(drawing["drawing"]) > 1


def test_endings_come_best_first(client: TestClient) -> None:
    beginning = STROKES[:1]
    drawn = ARTIST.complete(Drawing([np.array(beginning[0]).T]), 5, seed=1)
    order = np.argsort(-plausibility(ARTIST)([d.simplified() for d in drawn])).tolist()
    assert order != list(range(5))
    expected = [[s.T.tolist() for s in drawn[i].strokes] for i in order]
    answer = post(client, "complete", drawing=beginning, n=5, seed=1)
    assert [d["drawing"] for d in answer["drawings"]] == expected


def test_every_form_can_be_taken_home(client: TestClient) -> None:
    begins = {
        "svg": b"<svg", "animated-svg": b"<svg", "png": b"\x89PNG", "gif": b"GIF8",
        "ndjson": b'{"word"', "gcode": b"(sketchvae plot", "hpgl": b"IN;",
    }  # fmt: skip
    for form in client.get("/v1/model").json()["formats"]:
        body = {"drawings": [STROKES], "format": form}
        response = client.post("/v1/export", json=body)
        assert response.status_code == 200, response.text
        assert response.content.startswith(begins[form]), form
        assert response.headers["content-disposition"].startswith('attachment; filename="sheep.')


def test_a_real_sheep_is_scored_after_each_stroke(client: TestClient) -> None:
    score = post(client, "score", drawing=STROKES)
    assert len(score["after"]) == len(STROKES)
    assert score["after"][-1] == score["percentile"]
    assert 0 <= score["percentile"] <= 100


def test_an_open_stroke_is_gone_on_with(client: TestClient) -> None:
    beginning = [[[0, 90.5, 120], [0, 3, 40]]]
    (drawing,) = post(client, "complete", drawing=beginning, seed=1, open=True)["drawings"]
    xs, ys = drawing["drawing"][0]
    assert [xs[:3], ys[:3]] == beginning[0]
    assert len(xs) > 3
    assert len(drawing["paths"]) == len(drawing["drawing"])


def test_variations_reconstruction_morph_and_latents_are_those_of_the_artist(
    client: TestClient,
) -> None:
    drawing = Drawing([np.array(s).T for s in STROKES])
    latents = ARTIST.encode(drawing)
    assert post(client, "encode", drawings=[STROKES])["latents"] == latents.tolist()
    near = ARTIST.decode(
        ARTIST.perturb(latents, 2, 0.3, seed=5), ARTIST.model.typical_temperature, seed=5
    )
    expected: dict[str, tuple[dict[str, Any], Any]] = {
        "draw": ({"like": STROKES, "spread": 0.3, "n": 2}, near),
        "reconstruct": ({"drawing": STROKES}, ARTIST.reconstruct(drawing, seed=5)),
        "morph": (
            {"first": STROKES, "last": STROKES[:1], "steps": 2},
            ARTIST.morph(latents, ARTIST.encode(Drawing(drawing.strokes[:1])), 2, seed=5),
        ),
    }
    for path, (body, drawings) in expected.items():
        found = post(client, path, seed=5, **body)["drawings"]
        strokes = [[s.T.tolist() for s in d.to_quickdraw().strokes] for d in drawings]
        assert [d["drawing"] for d in found] == strokes, path


def test_the_map_is_drawn_where_it_is_asked_for(client: TestClient) -> None:
    picture = client.get("/v1/map").json()
    assert len(picture["drawings"]) == picture["columns"] * picture["rows"]
    assert sum(bool(d["drawing"]) for d in picture["drawings"]) > 90
    here = [post(client, "map", x=x, y=0.5, seed=1)["drawings"] for x in (-0.9, -0.9, 0.9)]
    assert here[0] == here[1] != here[2]


def test_a_page_is_measured_and_each_pen_has_its_time(client: TestClient) -> None:
    page = {"width": 100, "height": 80, "pens": ["black", "#cc4433"], "margin": None}
    answer = post(client, "page", drawings=[STROKES, STROKES], page=page)
    assert 'class="travel"' in answer["svg"]
    assert "style" not in answer["svg"]
    assert [pen["colour"] for pen in answer["pens"]] == ["black", "#cc4433"]
    seconds = sum(pen["seconds"] for pen in answer["pens"])
    assert seconds == pytest.approx(answer["seconds"], abs=0.6)  # the pen is lifted at both ends
    gcode = client.post("/v1/export", json={"drawings": [STROKES], "format": "gcode", "page": page})
    assert "(sketchvae plot, page 100 x 80 mm)" in gcode.text


@pytest.mark.parametrize("turned", [False, True])
def test_hpgl_is_for_the_papers_of_its_plotter_either_way_round(
    client: TestClient, turned: bool
) -> None:
    sides = {"a5": (148, 210), "a4": (210, 297), "a3": (297, 420), "letter": (215.9, 279.4)}
    for name, (short, long) in sides.items():
        page = {"width": long if turned else short, "height": short if turned else long}
        body = {"drawings": [STROKES], "format": "hpgl", "page": page}
        response = client.post("/v1/export", json=body)
        if name == "a5":
            assert response.status_code == 422
            assert "takes a4, a3, letter, got a page of 'a5'" in response.json()["error"]
        else:
            assert response.status_code == 200, response.text
            assert response.text.startswith("IN;")
            assert "PD" in response.text


def test_a_model_without_a_class_head_draws_and_does_not_score() -> None:
    with serving(server(Artist(ending_model()))) as client:
        assert client.get("/v1/model").json()["score"] is False
        response = client.post("/v1/score", json={"drawing": STROKES})
        assert response.status_code == 409
        assert "no class head" in response.json()["error"]
        assert post(client, "draw", seed=1)["drawings"]
        assert len(post(client, "complete", drawing=STROKES, n=3, seed=1)["drawings"]) == 3


def test_the_page_is_whole_without_another_host_or_inline_code(client: TestClient) -> None:
    text = client.get("/").text
    assert 'name="studio-token" content=""' not in text
    for name in ("page/studio.css", "page/studio.js", "docs", "openapi.json"):
        assert client.get(f"/{name}").status_code == 200, name
    docs = client.get("/docs").text
    assert "POST /v1/complete" in docs
    assert "http" not in docs.replace("https://json-schema.org", "")
    for page in (text, docs):
        assert "<script>" not in page
        assert "style=" not in page


@pytest.mark.parametrize(
    ("path", "content", "status", "says"),
    [
        ("draw", "{", 422, "invalid JSON"),
        ("draw", '{"n": 1000}', 422, "n: input should be less than or equal to 64, got 1000"),
        ("draw", '{"temperature": NaN}', 422, "temperature: input should be a finite number"),
        ("draw", '{"x": 1}', 422, "x: extra inputs are not permitted"),
        ("draw", '{"latents": [[1, 2]]}', 422, "of the shape (n, 64), got (1, 2)"),
        ("draw", '{"n": 64, "best_of": 5}', 422, "n times best_of must be at most 256"),
        ("complete", '{"drawing": []}', 422, "at least 1 item"),
        ("complete", '{"drawing": [[[1, 2], [3]]]}', 422, "must be equally long"),
        ("complete", '{"drawing": [[[1], ["3"]]]}', 422, "should be a valid number, got '3'"),
        ("complete", json.dumps({"drawing": [[[1] * 9000] * 2] * 2}), 422, "at most 10000 points"),
        (
            "score",
            json.dumps({"drawing": [[[1] * 20] * 2] * 400}),
            422,
            "too many strokes to score",
        ),
        ("export", '{"drawings": [[[[1], [1]]]], "format": "pdf"}', 422, "got 'pdf'"),
        ("draw", " " * (4 * 2**20 + 1), 413, "at most 4194304 bytes"),
    ],
)
def test_bad_bodies_are_refused_in_one_sentence(
    client: TestClient, path: str, content: str, status: int, says: str
) -> None:
    response = client.post(f"/v1/{path}", content=content)
    assert response.status_code == status
    assert says in response.json()["error"]
    assert "\n" not in response.json()["error"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8137", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("evil.example:8137", 400),
        ("localhost.evil.example", 400),
        ("192.168.1.4:8137", 400),
        ("[::1", 400),
        ("", 400),
    ],
)
def test_only_names_of_this_computer_are_answered(
    client: TestClient, host: str, status: int
) -> None:
    response = client.get("/healthz", headers={"Host": host})
    assert response.status_code == status
    assert "unsafe-inline" not in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/v1/draw", {"Origin": "http://evil.example"}, 403),
        ("POST", "/v1/draw", {"Origin": "http://localhost:8137"}, 200),
        ("POST", "/v1/job/stop", {}, 403),
        ("POST", "/v1/job", {"X-Studio-Token": "guess"}, 403),
        ("POST", "/v1/job/stop", {"X-Studio-Token": "\xfc"}, 403),
        ("GET", "/v1/draw", {}, 405),
        ("GET", "/v1/nothing", {}, 404),
        ("GET", "/page/../server.py", {}, 404),
        ("GET", "/page/%2e%2e/server.py", {}, 404),
    ],
)
def test_what_is_not_for_everyone_is_refused(
    client: TestClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    response = client.request(method, path, headers=encoded)
    assert response.status_code == status
    assert status == 200 or response.json()["error"]
    assert "access-control-allow-origin" not in response.headers


def test_a_path_names_all_the_methods_that_it_allows(client: TestClient) -> None:
    response = client.put("/v1/map", json={})
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert client.head("/v1/map").status_code == 200


def test_a_whole_number_may_have_a_decimal_point(client: TestClient) -> None:
    answer = client.post("/v1/draw", content='{"n": 2.0, "seed": 7.0}').json()
    assert answer == post(client, "draw", n=2, seed=7)
    assert "valid integer" in client.post("/v1/draw", content='{"n": 2.5}').json()["error"]
    assert "valid integer" in client.post("/v1/draw", content='{"n": true}').json()["error"]


def test_a_full_queue_is_503_and_the_rest_is_still_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()
    full = server(threads=1)
    monkeypatch.setattr(full.pool, "_places", threading.Semaphore(2))
    monkeypatch.setattr(Artist, "encode", lambda *_: release.wait(30) and np.zeros((1, 64)))
    with serving(full) as client:
        body = {"drawings": [STROKES]}
        waiting = [
            threading.Thread(target=client.post, args=("/v1/encode",), kwargs={"json": body})
            for _ in range(2)
        ]
        for thread in waiting:
            thread.start()
        while full.pool._places.acquire(blocking=False):
            full.pool._places.release()
            time.sleep(0.01)
        response = client.post("/v1/encode", json=body)
        assert client.get("/healthz").status_code == client.get("/v1/job").status_code == 200
        assert client.get("/v1/map").status_code == 503  # a hundred drawings wait like others
        release.set()
        for thread in waiting:
            thread.join()
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert client.post("/v1/encode", json=body).status_code == 200


def test_a_request_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(serving_module, "SECONDS", 0.05)
    monkeypatch.setattr(Artist, "encode", lambda *_: release.wait(30))
    with serving(server()) as client:
        response = client.post("/v1/encode", json={"drawings": [STROKES]})
        release.set()
    assert response.status_code == 503
    assert response.json()["error"].startswith("took longer than")
    assert "retry-after" not in response.headers  # it would take as long again


def test_a_slow_body_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "BODY_SECONDS", 0.05)
    sent: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401
        await asyncio.sleep(5)

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/draw", "raw_path": b"", "root_path": "",
        "query_string": b"", "headers": [(b"host", b"localhost")], "scheme": "http",
    }  # fmt: skip
    slow = server()
    asyncio.run(slow.app()(scope, receive, send))  # type: ignore[arg-type]
    slow.close()
    assert sent[0]["status"] == 408


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
STROKE = st.integers(1, 3).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(-1e7, 1e7) | st.integers(0, 255), max_size=n)] * 2)
)
FIELDS = {
    "n": st.integers(-1, 3), "seed": st.integers(-1, 2**64), "temperature": st.floats(),
    "drawing": st.lists(STROKE, max_size=3), "first": st.lists(STROKE, max_size=2),
    "last": st.lists(STROKE, max_size=2), "drawings": st.lists(st.lists(STROKE, max_size=2)),
    "steps": st.integers(1, 3), "x": st.floats(-1, 1), "y": st.floats(-2, 2), "open": st.booleans(),
    "like": st.lists(STROKE, max_size=2), "format": st.sampled_from(["svg", "gcode", "png", ""]),
    "page": st.fixed_dictionaries(
        {}, optional={"width": st.floats(0, 6000), "margin": st.floats(), "pens": JSON}
    ),
}  # fmt: skip
PATHS = ["draw", "complete", "reconstruct", "encode", "paths", "score", "map", "page", "export"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS), st.data())
def test_no_json_is_a_defect(client: TestClient, path: str, data: st.DataObject) -> None:
    names = sorted(
        client.get("/openapi.json").json()["components"]["schemas"][
            client.get("/openapi.json")
            .json()["paths"][f"/v1/{path}"]["post"]["requestBody"]["content"]["application/json"][
                "schema"
            ]["$ref"]
            .rpartition("/")[2]
        ]["properties"]
    )
    known = {name: FIELDS.get(name, JSON) | JSON for name in names}
    body = data.draw(st.fixed_dictionaries({}, optional=known) | JSON)
    response = client.post(f"/v1/{path}", content=json.dumps(body))
    assert response.status_code in (200, 422), response.text
    assert response.status_code == 200 or response.json()["error"]


def test_a_page_is_plotted_paused_and_seen_by_every_tab(tmp_path: Path) -> None:
    with Simulator(settings={131: 300}) as machine:
        plotting = server(plotter=Plotter(machine.port, "desk", tmp_path))
        headers = {"X-Studio-Token": plotting.token}
        body = {"drawings": [STROKES, STROKES], "page": {"width": 60, "height": 40}}
        with serving(plotting) as client:
            assert client.get("/v1/model").json()["machine"] == {"name": "desk"}
            begun = client.post("/v1/job", json={**body, "pause": "drawing"}, headers=headers)
            assert begun.json()["of"] == 2
            assert 'class="travel"' in begun.json()["svg"]
            assert client.post("/v1/job", json=body, headers=headers).status_code == 409
            state = wait_for(client, "paused")
            assert (state["drawing"], state["stroke"]) == (2, len(STROKES))
            assert state["message"].endswith("the pen is up")
            client.post("/v1/job/resume", headers=headers)
            state = wait_for(client, "done")
            assert state["ink_mm"] == state["of_mm"]
        machine.wait_until_idle()
        assert machine.drawn == pytest.approx(state["of_mm"], abs=1)
        assert not machine.is_down


def wait_for(client: TestClient, state: str) -> Any:  # noqa: ANN401 - JSON
    end = time.monotonic() + 60
    while (job := client.get("/v1/job").json())["state"] != state:
        assert job["state"] in ("streaming", "paused"), job
        assert time.monotonic() < end
        time.sleep(0.01)
    return job


def test_events_are_the_state_and_its_changes(tmp_path: Path) -> None:
    plotter, looks = Plotter("nowhere", "desk", tmp_path), iter([False, False, True])
    watched = server(plotter=plotter)
    watched.is_ending = lambda: next(looks)
    with serving(watched) as client:
        response = client.get("/v1/job/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    (event,) = response.text.strip().split("\n\n")
    assert json.loads(event.removeprefix("data: "))["state"] == "none"
