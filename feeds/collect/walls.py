"""Tells a bot wall from the document and from a plain refusal: a page that wants a browser, or a person, first.

Three kinds of marks, from what the makers document and what their pages look like:

- headers that only a wall sends;
- code of a challenge. It counts in a success too, since walls often answer 200, but only in a short page and only where
  a browser would run it: inside a tag or a script. A report that quotes such code holds it as text;
- words of a block page. They count only beside an error status.

What protected sites load on every page (`/cdn-cgi/challenge-platform/`, DataDome's and Imperva's scripts, their
cookies) is no mark. Pure.
"""

import re
from collections.abc import Mapping

#: Longer pages are documents: the challenges of all makers below are a few kilobytes.
MAX_CHALLENGE = 48 * 1024

_HEADERS = (
    ("Cf-Mitigated", re.compile("challenge", re.IGNORECASE), "Cloudflare"),
    ("X-Amzn-Waf-Action", re.compile("challenge|captcha", re.IGNORECASE), "AWS WAF"),
    ("X-Vercel-Mitigated", re.compile("challenge|deny", re.IGNORECASE), "Vercel"),
    ("X-Sucuri-Block", re.compile("."), "Sucuri"),
)

_CODE = (
    (re.compile(rb"_cf_chl_opt|cf-browser-verification|cf_chl_"), "Cloudflare"),
    (re.compile(rb"/_sec/cp_challenge/|sec-if-cpt-container|[?&]bm-verify="), "Akamai"),
    (re.compile(rb"_Incapsula_Resource\?(?:[A-Z]+=\d+&(?:amp;)?)?(?:SWUDNSAI|CWUDNSAI)="), "Imperva"),
    (re.compile(rb"geo\.captcha-delivery\.com|ct\.captcha-delivery\.com"), "DataDome"),
    (re.compile(rb"window\.gokuProps|AwsWafIntegration\.(?:checkForceRefresh|forceRefreshToken|getToken)"), "AWS WAF"),
    (re.compile(rb"sucuri_cloudproxy_js"), "Sucuri"),
    (re.compile(rb"window\._pxAppId|captcha\.px-cdn\.net|captcha\.perimeterx\.net"), "HUMAN"),
    (re.compile(rb"id=[\"']anubis_challenge[\"']"), "Anubis"),
)

_WORDS = (
    (re.compile(rb"<title>\s*(?:Just a moment\.\.\.|Attention Required! \| Cloudflare)", re.IGNORECASE), "Cloudflare"),
    (re.compile(rb"errors\.edgesuite\.net"), "Akamai"),
    (re.compile(rb"Incapsula incident ID|<title>\s*Pardon Our Interruption", re.IGNORECASE), "Imperva"),
    (re.compile(rb"Sucuri Website Firewall", re.IGNORECASE), "Sucuri"),
    (re.compile(rb"<title>\s*Vercel Security Checkpoint", re.IGNORECASE), "Vercel"),
    (re.compile(rb"px-captcha"), "HUMAN"),
)


def wall(status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    """The maker of the wall that answers in the document's place; None when there is none.

    `body`: of an error the beginning, of a success the whole.
    """
    found = next((maker for name, value, maker in _HEADERS if value.search(headers.get(name, ""))), None)
    if found:
        return found
    if status >= 400:
        return _first(_CODE, body) or _first(_WORDS, body)
    is_short_page = len(body) <= MAX_CHALLENGE and b"<html" in body[:2048].lower()
    return _running(body) if is_short_page else None


def _first(marks: tuple[tuple[re.Pattern[bytes], str], ...], body: bytes) -> str | None:
    return next((maker for mark, maker in marks if mark.search(body)), None)


def _running(body: bytes) -> str | None:
    for mark, maker in _CODE:
        found = mark.search(body)
        if found and _is_code(body, found.start()):
            return maker
    return None


def _is_code(body: bytes, position: int) -> bool:
    """Whether a browser would take what stands here for markup or script, and not for text."""
    before = body[:position].lower()
    in_tag = before.rfind(b"<") > before.rfind(b">")
    return in_tag or before.rfind(b"<script") > before.rfind(b"</script")
