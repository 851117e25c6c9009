"""Published descriptions: cut to what a mock server can start with, and asked what that server does not look into.

A description is an OpenAPI 3.0 document. Stripe's marks a field that ``expand[]`` can fill with ``x-expansionResources``: its
``anyOf`` is the id as text and the objects that may come in its place. Those fields lead from every object to every other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

EXPANDS = "x-expansionResources"
SCHEMA = "#/components/schemas/"
#: Where a cut description may have less than the published one.
PARTS = ("#/paths", "#/components", "#/components/schemas")


def referred(node: Any) -> Iterator[str]:
    """The name of every schema a node refers to, at any depth."""
    if isinstance(node, dict):
        if str(node.get("$ref", "")).startswith(SCHEMA):
            yield node["$ref"].removeprefix(SCHEMA)
        for inside in node.values():
            yield from referred(inside)
    elif isinstance(node, list):
        for inside in node:
            yield from referred(inside)


def resolved(document: Mapping[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node itself, or what its ``$ref`` points at."""
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


# ---- cutting -------------------------------------------------------------------------------------------------------------


def cut(document: Mapping[str, Any], asked: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The description with the ``asked`` paths alone and the schemas they reach. path → what is expanded there.

    A field that can be expanded and is not asked to be keeps its id only; every other node stays as published.
    """
    kept = {
        field for path, wanted in asked.items() for dotted in wanted for field in expandable(document, path, dotted)
    }
    published = document["components"]["schemas"]
    paths = {path: document["paths"][path] for path in asked}
    schemas: dict[str, Any] = {}
    due = list(referred(paths))
    while due:
        name = due.pop()
        if name not in schemas:
            schemas[name] = _ids_only(published[name], name, kept)
            due += referred(schemas[name])
    return {**document, "paths": paths, "components": {**document["components"], "schemas": schemas}}


def _ids_only(schema: dict[str, Any], name: str, kept: set[tuple[str, str]]) -> dict[str, Any]:
    fields = {
        field: node if (name, field) in kept else _without_objects(node)
        for field, node in schema.get("properties", {}).items()
    }
    return {**schema, "properties": fields} if fields else schema


def _without_objects(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_objects(inside) for inside in node]
    if not isinstance(node, dict):
        return node
    if EXPANDS in node:
        rest = {key: inside for key, inside in node.items() if key != EXPANDS}
        return {**rest, "anyOf": [arm for arm in node["anyOf"] if "$ref" not in arm]}
    return {key: _without_objects(inside) for key, inside in node.items()}


def beyond(part: Any, whole: Any, at: str = "#") -> list[str]:
    """Where a cut description differs from the published one in any other way than ``cut`` may."""
    if not isinstance(part, dict) or not isinstance(whole, dict):
        return [] if part == whole else [at]
    left_out = whole.keys() - part.keys()
    is_id_only = left_out == {EXPANDS}
    found = [f"{at}/{key}" for key in part.keys() - whole.keys()]
    if left_out and at not in PARTS and not is_id_only:
        found += [f"{at} without {key}" for key in left_out]
    for key in part.keys() & whole.keys():
        if key == "anyOf" and is_id_only:
            is_fine = part[key] and part[key] == [arm for arm in whole[key] if "$ref" not in arm]
            found += [] if is_fine else [f"{at}/{key}"]
        else:
            found += beyond(part[key], whole[key], f"{at}/{key}")
    return sorted(found)


# ---- requests ------------------------------------------------------------------------------------------------------------


def undeclared(
    document: Mapping[str, Any], method: str, path: str, params: Mapping[str, str | Sequence[str]]
) -> list[str]:
    """Query parameters the operation does not declare. The mock server lets them pass, and never reads names in brackets."""
    template = template_of(document, path)
    item = document["paths"][template]
    listed = [*item.get("parameters", []), *item[method.lower()].get("parameters", [])]
    declared = {one["name"]: one for one in (resolved(document, entry) for entry in listed) if one["in"] == "query"}
    found = []
    for sent, value in params.items():
        name, _, inner = sent.removesuffix("]").partition("[")
        one = declared.get(sent) or declared.get(name)
        if one is None or ("[" in sent and not _takes(one, inner, value)):
            found.append(f"{sent}={value}")
        elif name == "expand":
            found += [f"{sent}={field}" for field in value if not expandable(document, template, field)]
    return found


def template_of(document: Mapping[str, Any], path: str) -> str:
    """The described path a called one is an instance of, the most literal first. Raises LookupError."""
    steps = path.split("/")
    for template in sorted(document["paths"], key=lambda one: one.count("{")):
        names = template.split("/")
        if len(names) == len(steps) and all(
            name[:1] == "{" or name == step for name, step in zip(names, steps, strict=True)
        ):
            return str(template)
    raise LookupError(f"{path} is not described")


def _takes(declared: Mapping[str, Any], inner: str, value: str | Sequence[str]) -> bool:
    """Whether a parameter written with brackets takes ``name[inner]=value``; ``name[]`` takes a list."""
    if declared.get("style") != "deepObject":
        return False
    for arm in declared["schema"].get("anyOf", [declared["schema"]]):
        if arm["type"] == "array" and not inner:
            return not isinstance(value, str)
        field = arm.get("properties", {}).get(inner)
        if field is not None:
            return isinstance(value, str) and (field["type"] != "integer" or value.isdigit())
    return False


def expandable(document: Mapping[str, Any], path: str, dotted: str) -> set[tuple[str, str]]:
    """(schema, field) of each field of a GET's answer that ``expand[]=dotted`` may mean; empty when it means none."""
    answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    at, fields = [answer], []
    for name in dotted.split("."):
        owners = [owner for node in at for owner in _objects(document, node, "")]
        fields = [(title, name, one["properties"][name]) for title, one in owners if name in one["properties"]]
        at = [node for _, _, node in fields]
    return {(title, name) for title, name, node in fields if EXPANDS in node}


def _objects(document: Mapping[str, Any], node: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, schema) of the objects a field may hold: itself, the items of a list, any of several."""
    if "$ref" in node:
        yield from _objects(document, resolved(document, node), node["$ref"].removeprefix(SCHEMA))
    elif "properties" in node:
        yield name, node
    for inside in [*node.get("anyOf", []), *([node["items"]] if "items" in node else [])]:
        yield from _objects(document, inside, "")
