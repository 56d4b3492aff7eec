"""The description of the API, as OpenAPI and as a page."""

import html
import json
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from sketchvae import __version__
from sketchvae.web.messages import Body

_ERRORS = {
    "400": "a strange host",
    "403": "another page, or no token",
    "408": "too slow",
    "409": "not in this state",
    "413": "too large",
    "422": "bad values",
    "503": "busy; Retry-After has the seconds to wait",
}
Row = tuple[str, str, type[Body] | None, str]  # method, path, body, what it does


def describe(rows: Iterable[Row]) -> dict[str, Any]:
    """Return the OpenAPI description of some paths."""
    rows = list(rows)
    kinds = {kind for _, _, kind, _ in rows if kind is not None}
    modes: Any = [(kind, "validation") for kind in sorted(kinds, key=lambda kind: kind.__name__)]
    _, schemas = models_json_schema(modes, ref_template="#/components/schemas/{model}")
    error = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    paths: dict[str, dict[str, Any]] = {}
    for method, path, kind, summary in rows:
        answers = {status: _answer(text, "Error") for status, text in _ERRORS.items()}
        answers["200"] = {"description": summary}
        entry: dict[str, Any] = {"summary": summary, "responses": answers}
        if kind is not None:
            entry["requestBody"] = {"required": True, **_content(kind.__name__)}
        if path.startswith("/v1/job") and method == "post":
            token = {"name": "X-Studio-Token", "in": "header", "required": True}
            entry["parameters"] = [token | {"schema": {"type": "string"}}]
        paths.setdefault(path, {})[method] = entry
    return {
        "openapi": "3.1.0",
        "info": {"title": "sketchvae studio", "version": __version__},
        "paths": paths,
        "components": {"schemas": {**schemas.get("$defs", {}), "Error": error}},
    }


def to_html(api: dict[str, Any]) -> str:
    """Return a description as a page."""
    parts = []
    for path, methods in api["paths"].items():
        for method, entry in methods.items():
            parts.append(f"<h2>{method.upper()} {path}</h2><p>{html.escape(entry['summary'])}</p>")
            if "requestBody" in entry:
                schema = entry["requestBody"]["content"]["application/json"]["schema"]
                body = api["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                text = html.escape(json.dumps(body.get("properties", {}), indent=1))
                parts.append(f"<details><summary>Body</summary><pre>{text}</pre></details>")
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>API of the studio</title>'
    about = '<h1>API of the studio</h1><p><a href="/openapi.json">The same as OpenAPI</a></p>'
    return f'{head}<link rel="stylesheet" href="/page/studio.css"><main>{about}{"".join(parts)}'


def _content(name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"content": {"application/json": {"schema": schema}}}


def _answer(text: str, name: str) -> dict[str, Any]:
    return {"description": text, **_content(name)}
