"""The studio's API, in this process: what it answers, and what it refuses."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import SHEEP
from starlette.testclient import TestClient

from sketchvae.data.ndjson import read
from sketchvae.generate.artist import load
from sketchvae.plot.profiles import Profile, find_profile
from sketchvae.web.server import create_app
from sketchvae.web.studio import Studio
from sketchvae.web.workers import Workers

ARTIST = load()
STROKES = [[s[:, 0].tolist(), s[:, 1].tolist()] for s in next(read(SHEEP)).strokes]


def profile() -> Profile:
    from pathlib import Path

    return find_profile("grbl-servo", Path("none.toml"))


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    workers = Workers(2)
    app = create_app(Studio(ARTIST, "sheep", profile()), workers)
    with TestClient(app, base_url="http://localhost:8137") as client:
        yield client
    workers.close()


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


@pytest.mark.parametrize(
    ("path", "content", "status", "says"),
    [
        ("draw", "{", 422, "invalid JSON"),
        ("draw", '{"n": 1000}', 422, "n: input should be less than or equal to 64, got 1000"),
        ("draw", '{"temperature": NaN}', 422, "temperature: input should be a finite number"),
        ("draw", '{"x": 1}', 422, "x: extra inputs are not permitted"),
        ("draw", '{"latents": [[1, 2]]}', 422, "of the shape (n, 64), got (1, 2)"),
        ("draw", '{"n": 64, "best_of": 5}', 422, "n times best_of must be at most 256, got 320"),
        ("complete", '{"drawing": []}', 422, "at least 1 item"),
        ("complete", '{"drawing": [[[1, 2], [3]]]}', 422, "must be equally long"),
        ("complete", '{"drawing": [[[1], ["3"]]]}', 422, "should be a valid number, got '3'"),
        ("complete", json.dumps({"drawing": [[[1] * 9000] * 2] * 2}), 422, "at most 10000 points"),
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
