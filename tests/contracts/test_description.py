"""A description is cut to what is asked of it and says nothing else; what a mock server lets pass is seen."""

from __future__ import annotations

import copy

import pytest

from tests.contracts.description import beyond, cut, expandable, template_of, undeclared

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
RANGE = {"anyOf": [{"type": "object", "properties": {"gte": NUMBER, "kind": TEXT}}, NUMBER]}


def to(name):
    return {"$ref": f"#/components/schemas/{name}"}


def field(name):
    return {"anyOf": [TEXT, to(name)], "x-expansionResources": {"oneOf": [to(name)]}}


def lists(name):
    listed = {"properties": {"data": {"type": "array", "items": to(name)}}}
    deep = {"in": "query", "style": "deepObject"}
    return {
        "parameters": [{"$ref": "#/components/parameters/limit"}],
        "get": {
            "parameters": [
                {"name": "created", "schema": RANGE, **deep},
                {"name": "expand", "schema": {"type": "array", "items": TEXT}, **deep},
                {"name": "Stripe-Version", "in": "header", "schema": TEXT},
            ],
            "responses": {"200": {"content": {"application/json": {"schema": listed}}}},
        },
    }


WHOLE = {
    "openapi": "3.0.0",
    "paths": {
        "/rows": lists("row"),
        "/fees": lists("fee"),
        "/rows/{row}": {"get": {}},
        "/rows/{row}/fees": {"get": {}},
    },
    "components": {
        "parameters": {"limit": {"name": "limit", "in": "query", "schema": NUMBER}},
        "schemas": {
            "row": {"properties": {"id": TEXT, "source": field("charge"), "day": RANGE}, "required": ["id"]},
            "charge": {"properties": {"row": field("row"), "fee": field("fee"), "card": to("card")}},
            "card": {"properties": {"owner": field("owner")}},
            "fee": {"properties": {"id": TEXT}},
            "owner": {"properties": {"card": to("card")}},
        },
    },
}


def test_a_cut_description_reaches_what_is_asked_and_expanded_alone():
    bare = cut(WHOLE, {"/rows": ()})
    assert list(bare["paths"]) == ["/rows"]
    assert list(bare["components"]["schemas"]) == ["row"]
    assert bare["components"]["schemas"]["row"]["properties"]["source"] == {"anyOf": [TEXT]}
    expanded = cut(WHOLE, {"/rows": ("data.source",)})["components"]["schemas"]
    assert expanded["row"] == WHOLE["components"]["schemas"]["row"]
    assert sorted(expanded) == ["card", "charge", "row"]
    assert expanded["card"]["properties"]["owner"] == {"anyOf": [TEXT]}
    assert "fee" in cut(WHOLE, {"/rows": ("data.source", "data.source.fee")})["components"]["schemas"]


def test_a_cut_description_goes_nowhere_beyond_the_published():
    before = copy.deepcopy(WHOLE)
    assert beyond(cut(WHOLE, {"/rows": ("data.source",)}), WHOLE) == []
    assert before == WHOLE


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda row: row["properties"]["id"].update(type="integer"), ["/properties/id/type"]),
        (lambda row: row.pop("required"), [" without required"]),
        (lambda row: row["properties"].pop("id"), ["/properties without id"]),
        (lambda row: row["properties"].update(colour=TEXT), ["/properties/colour"]),
        (lambda row: row["properties"]["source"].update(anyOf=[]), ["/properties/source/anyOf"]),
        (lambda row: row["properties"]["source"].update(anyOf=[NUMBER]), ["/properties/source/anyOf"]),
        (lambda row: row["properties"]["day"]["anyOf"].pop(), ["/properties/day/anyOf"]),
    ],
)
def test_any_other_difference_is_found(change, found):
    small = copy.deepcopy(cut(WHOLE, {"/rows": ()}))
    change(small["components"]["schemas"]["row"])
    assert beyond(small, WHOLE) == [f"#/components/schemas/row{place}" for place in found]


def test_a_field_that_is_expanded_is_found_on_every_object_that_may_be_there():
    assert expandable(WHOLE, "/rows", "data.source") == {("row", "source")}
    assert expandable(WHOLE, "/rows", "data.source.fee") == {("charge", "fee")}
    assert expandable(WHOLE, "/rows", "data.source.card.owner") == {("card", "owner")}
    assert expandable(WHOLE, "/rows", "data.id") == set()
    assert expandable(WHOLE, "/rows", "source") == set()
    assert expandable(cut(WHOLE, {"/rows": ()}), "/rows", "data.source") == set()


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, []),
        ({"limit": "1", "created": "1", "created[gte]": "1", "created[kind]": "x", "expand[]": ["data.source"]}, []),
        ({"colour": "red"}, ["colour=red"]),
        ({"Stripe-Version": "1"}, ["Stripe-Version=1"]),
        ({"limit[gte]": "1"}, ["limit[gte]=1"]),
        ({"created[since]": "1"}, ["created[since]=1"]),
        ({"created[gte]": "May"}, ["created[gte]=May"]),
        ({"created[gte]": ["1", "2"]}, ["created[gte]=['1', '2']"]),
        ({"expand[]": "data.source"}, ["expand[]=data.source"]),
        ({"expand[]": ["data.source", "data.id"]}, ["expand[]=data.id"]),
    ],
)
def test_a_parameter_that_is_not_declared_is_seen(params, found):
    assert undeclared(WHOLE, "GET", "/rows", params) == found


def test_a_called_path_is_an_instance_of_the_most_literal_template():
    assert template_of(WHOLE, "/rows/7") == "/rows/{row}"
    assert template_of(WHOLE, "/rows/7/fees") == "/rows/{row}/fees"
    assert template_of({"paths": {"/rows/{row}": {}, "/rows/all": {}}}, "/rows/all") == "/rows/all"
    with pytest.raises(LookupError, match="/rows/7/taxes is not described"):
        template_of(WHOLE, "/rows/7/taxes")
