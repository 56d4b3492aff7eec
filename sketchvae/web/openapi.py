"""The description of the API, as OpenAPI and as a page."""

import html
import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from sketchvae import __version__
from sketchvae.web.messages import Body

Methods = Mapping[str, tuple[type[Body] | None, Callable[..., Any]]]  # the body, and the work
Actions = dict[str, Methods]  # by path
_REFUSALS = ("400", "403", "408", "409", "413", "422", "503")  # each with one sentence
_SENTENCE = {"type": "object", "properties": {"error": {"type": "string"}}}


def describe(actions: Actions) -> dict[str, Any]:
    """Return the OpenAPI description of some actions."""
    rows = [(path, m, *action) for path, own in actions.items() for m, action in own.items()]
    kinds: Any = {(kind, "validation"): None for *_, kind, _ in rows if kind is not None}
    _, schemas = models_json_schema(list(kinds), ref_template="#/components/schemas/{model}")
    refused = {"description": "refused", "content": {"application/json": {"schema": _SENTENCE}}}
    paths: dict[str, dict[str, Any]] = {}
    for path, method, kind, act in rows:
        summary = str(getattr(act, "func", act).__doc__)
        entry: dict[str, Any] = {"summary": summary}
        entry["responses"] = {"200": {"description": summary}, **dict.fromkeys(_REFUSALS, refused)}
        if kind is not None:
            schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
            is_required = any(field.is_required() for field in kind.model_fields.values())
            content = {"application/json": {"schema": schema}}
            entry["requestBody"] = {"required": is_required, "content": content}
        if path.startswith("/v1/job") and method == "POST":
            token = {"name": "X-Studio-Token", "in": "header", "required": True}
            entry["parameters"] = [token | {"schema": {"type": "string"}}]
        paths.setdefault(path, {})[method.lower()] = entry
    info = {"title": "sketchvae studio", "version": __version__}
    components = {"schemas": schemas.get("$defs", {})}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


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
