"""What the tests of commands give them: a list of sources, and a site to look at."""

import json
from pathlib import Path


def sources_file(folder: Path, *entries: str) -> dict[str, str]:
    """A sources file with these entries, as settings."""
    file = folder / "my-sources.toml"
    file.write_text("\n".join(entries), encoding="utf-8")
    return {"KAIGI_SOURCES_FILE": str(file), "KAIGI_FETCH__ALLOW_PRIVATE_NETWORKS": "true"}


def entry(key: str, url: str, **fields: str) -> str:
    words = {"key": key, "url": url, "name": key, "kind": "feed", "trust": "press", **fields}
    return "[[source]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in words.items())


NOWHERE = entry("nowhere", "http://127.0.0.1:9/feed.xml")
