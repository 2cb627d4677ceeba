"""The words of simple HTML without building a tree: what most feeds carry, at the speed of one regular expression.

Simple is: common tags, attributes in quotes or bare, every tag closed in order, and no nesting that a browser would
rearrange (a paragraph in a paragraph, an item outside a list, a heading in a heading, a link in a link). For simple
HTML the tree has exactly the shape that is written, so the words and line breaks can be read off the source. Anything
else is None, and `normalise.html_to_text` builds the tree.

Pure.
"""

import html as html_entities
import re
from functools import lru_cache

_MARK = "\x00"  # where a line ends; `decode.clean` has taken it out of the text itself

# The pieces between are text. A quoted value without angle brackets ends where it seems to end in every parser. With
# these limits a tag stays shorter than `normalise.MAX_TAG`.
_TAG = re.compile(
    r"""<(/?[A-Za-z][A-Za-z0-9]{0,10})"""
    r"""(?:\s{1,40}[A-Za-z][\w:-]{0,40}(?:="[^"<>]{0,1500}"|='[^'<>]{0,1500}')?){0,10}\s{0,40}(/?)>""",
    re.ASCII,
)
# References other than these are read in different ways by different parsers.
_ODD_REFERENCE = re.compile(
    r"&(?=[#A-Za-z0-9])(?!(?:amp|lt|gt|quot|apos|nbsp|[lr][sd]quo|[nm]dash|hellip|middot|bull|copy|reg|trade|yen|euro"
    r"|times|laquo|raquo|[ae]acute|#[0-9]{2,4}|#x[0-9A-Fa-f]{2,3}|#x(?:20|21|22|30)[0-9A-Fa-f]{2});)"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HEADINGS = _words("h1 h2 h3 h4 h5 h6")
_INLINE = _words("a abbr b big cite code del em font i ins mark q s small span strike strong sub sup time tt u")
_BLOCKS = _HEADINGS | _words("""
    article aside blockquote dd div dl dt figcaption figure footer header li main nav ol p section ul
""")
#: Elements that belong right inside others; elsewhere the tree takes another shape.
_PARENTS = {"li": _words("ul ol"), "dd": _words("dl"), "dt": _words("dl")}
_MAX_DEPTH = 100
_REMEMBERED = 100  # tags; longer texts repeat no other's tags
_EMPTY, _OPEN, _OPEN_BLOCK, _CLOSE = range(4)
#: tag → what it does, the element's name, what stands for it in the text
_ROLES: dict[str, tuple[int, str, str]] = {
    "br": (_EMPTY, "br", _MARK),
    "img": (_EMPTY, "img", ""),
    "wbr": (_EMPTY, "wbr", ""),
    **{name: (_OPEN, name, "") for name in _INLINE},
    **{name: (_OPEN_BLOCK, name, _MARK) for name in _BLOCKS},
    **{f"/{name}": (_CLOSE, name, "") for name in _INLINE},
    **{f"/{name}": (_CLOSE, name, _MARK) for name in _BLOCKS},
}


def text(html: str) -> str | None:
    """Return the words of simple HTML, a line per paragraph, or None. Invisible characters are still in it."""
    pieces = _TAG.split(html)
    if len(pieces) == 1 or ("&" in html and _ODD_REFERENCE.search(html)):
        return None
    tags, slashes = tuple(pieces[1::3]), tuple(pieces[2::3])
    breaks = _breaks(tags, slashes) if len(tags) <= _REMEMBERED else _breaks.__wrapped__(tags, slashes)
    if breaks is None:
        return None
    del pieces[2::3]
    pieces[1::2] = breaks
    joined = "".join(pieces)
    if "<" in joined:
        return None
    if "&" in joined:
        joined = html_entities.unescape(joined)
    return "\n".join(filter(None, [" ".join(line.split()) for line in joined.split(_MARK)]))


@lru_cache(maxsize=256)  # the entries of a newsroom are written in one template
def _breaks(tags: tuple[str, ...], slashes: tuple[str, ...]) -> tuple[str, ...] | None:
    """For each tag what stands for it in the text, or None when the nesting is not simple."""
    breaks: list[str] = []
    opened: list[str] = []
    for tag, slash in zip(tags, slashes, strict=True):
        found = _ROLES.get(tag) or _ROLES.get(tag.lower())
        if found is None:
            return None
        role, name, mark = found
        if role == _CLOSE:
            if not opened or opened.pop() != name:
                return None
        elif role != _EMPTY:
            if slash or (name == "a" and "a" in opened) or (role == _OPEN_BLOCK and not _may_open(name, opened)):
                return None
            opened.append(name)
        breaks.append(mark)
    return None if opened else tuple(breaks)


def _may_open(name: str, opened: list[str]) -> bool:
    """Whether a browser would open a block right here, without closing another or moving it."""
    if "p" in opened or len(opened) > _MAX_DEPTH:
        return False
    if name in _HEADINGS:
        return _HEADINGS.isdisjoint(opened)
    parents = _PARENTS.get(name)
    return parents is None or (bool(opened) and opened[-1] in parents)
