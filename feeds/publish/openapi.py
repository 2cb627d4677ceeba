"""The description of `/api/meetings` in OpenAPI 3.1. Pure; a test holds it against real answers."""

from typing import Any

from storage.model import Format, Kind, Level, Phase, Trust

Json = dict[str, Any]

USUAL, MOST = 50, 200  #: meetings in one answer: when nothing is asked, and at the most

#: Parameters that are fields of the query language, each with an example.
FIELDS = {
    "country": "JP", "series": "admm-plus", "kind": "bilateral", "level": "minister", "phase": "held",
    "format": "in_person", "city": "Tokyo", "source": "mod-japan", "minister": "小泉",
}  # fmt: skip


def description(address: str) -> Json:
    """The document. `address` is the public address of the service."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kaigi",
            "version": "1",
            "summary": "Meetings of defence ministers, as newsrooms report them",
        },
        "servers": [{"url": address}],
        "paths": {"/api/meetings": {"get": _list()}, "/api/meetings/{id}": {"get": _one()}},
        "components": {
            "schemas": {
                "Meeting": _meeting(),
                "MeetingWithEvidence": _with_evidence(),
                "Evidence": _evidence(),
                "Report": _report(),
                "Problem": _problem(),
            }
        },
    }


def _list() -> Json:
    return {
        "operationId": "listMeetings",
        "summary": "Meetings that match, newest first",
        "parameters": [
            _parameter("q", "A query in the language of the filters", {"type": "string"}, "日米 level:minister"),
            _parameter("limit", "Meetings in one answer", _number(1, MOST) | {"default": USUAL}, 20),
            _parameter("before", "Only meetings with a smaller id, as `next` has it", _number(1), 33),
            _parameter("from", "Meetings on this day or later", _DAY, "2025-11-01"),
            _parameter("to", "Meetings on this day or earlier", _DAY, "2025-11-30"),
            *(
                _parameter(name, f"As `{name}:` in a query; several with commas", {"type": "string"}, example)
                for name, example in FIELDS.items()
            ),
        ],
        "responses": {
            "200": _answer("One page", _PAGE, "application/json"),
            "400": _answer("A parameter is wrong", _ref("Problem"), "application/problem+json"),
            "503": _answer("The database does not answer", _ref("Problem"), "application/problem+json"),
        },
    }


def _one() -> Json:
    number = {"name": "id", "in": "path", "required": True, "schema": _number(1), "example": 33}
    return {
        "operationId": "getMeeting",
        "summary": "One meeting with the words that its facts were read from",
        "parameters": [number],
        "responses": {
            "200": _answer("The meeting", _ref("MeetingWithEvidence"), "application/json"),
            "308": {"description": "It was merged; `Location` leads to the one that goes on"},
            "404": _answer("No meeting has this number", _ref("Problem"), "application/problem+json"),
            "503": _answer("The database does not answer", _ref("Problem"), "application/problem+json"),
        },
    }


def _with_evidence() -> Json:
    told = _meeting()
    properties = {**told["properties"], "evidence": _array(_ref("Evidence"))}
    return told | {"properties": properties, "required": [*told["required"], "evidence"]}


def _evidence() -> Json:
    return _object(
        source={"type": "string", "description": "key of the source"},
        fact={"type": "string", "description": "what was read from the words", "examples": ["city", "starts_on"]},
        where={"enum": ["title", "text", "url"]},
        quote={"type": "string"},
        confidence={"type": "number", "minimum": 0, "maximum": 1},
    )


def _parameter(name: str, about: str, schema: Json, example: object) -> Json:
    return {"name": name, "in": "query", "description": about, "schema": schema, "example": example}


def _answer(about: str, schema: Json, media_type: str) -> Json:
    return {"description": about, "content": {media_type: {"schema": schema}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _number(least: int, most: int | None = None) -> Json:
    return {"type": "integer", "minimum": least} | ({"maximum": most} if most else {})


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _array(items: Json) -> Json:
    return {"type": "array", "items": items}


def _maybe(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


_TEXT: Json = {"type": "string"}
_DAY: Json = {"type": "string", "format": "date"}
_MOMENT: Json = {"type": "string", "format": "date-time"}
_ADDRESS: Json = {"type": "string", "format": "uri"}
_PAGE = _object(
    meetings=_array(_ref("Meeting")),
    next={**_maybe(_ADDRESS), "description": "Address of the next page; null: this was the last"},
    whole={"type": "boolean", "description": "false: the search stopped before it had looked at everything"},
)


def _words(enum: Any) -> Json:
    return {"type": "string", "enum": [str(value) for value in enum]}


def _meeting() -> Json:
    return _object(
        id=_number(1),
        url=_ADDRESS,
        first_seen_at=_MOMENT,
        updated_at=_MOMENT,
        revision={**_number(1), "description": "Grows by one each time a fact changes"},
        name=_object(ja=_TEXT, en=_TEXT),
        level=_words(Level),
        kind=_words(Kind),
        format=_words(Format),
        phase=_words(Phase),
        series=_maybe(_TEXT),
        edition=_maybe({"type": "integer"}),
        parent={**_maybe(_TEXT), "description": "Series of the conference on whose margins it is held"},
        starts_on=_maybe(_DAY),
        ends_on=_maybe(_DAY),
        place=_object(city=_maybe(_TEXT), country=_maybe(_TEXT), venue=_maybe(_TEXT)),
        countries=_array(_TEXT),
        principals=_array(_principal()),
        outcomes=_array(_TEXT),
        confidence={"type": "number", "minimum": 0, "maximum": 1},
        reports=_array(_ref("Report")),
    )


def _principal() -> Json:
    return _object(
        country=_TEXT,
        name=_maybe(_TEXT),
        name_ja=_maybe(_TEXT),
        office=_maybe(_TEXT),
        level=_words(Level),
        substitute={"type": "boolean"},
    )


def _report() -> Json:
    return _object(
        source=_TEXT,
        name=_TEXT,
        trust=_words(Trust),
        title=_TEXT,
        url=_maybe(_ADDRESS),
        language=_maybe(_TEXT),
        published_at=_maybe(_MOMENT),
        first_seen_at=_MOMENT,
    )


def _problem() -> Json:
    """RFC 9457."""
    return {
        "type": "object",
        "properties": {
            "type": _ADDRESS | {"format": "uri-reference"},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "column": {"type": "integer", "description": "where a query is wrong, counted from 1"},
        },
        "required": ["type", "title", "status", "detail"],
    }
