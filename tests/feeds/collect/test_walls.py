"""Bot walls are told from refusals, and ordinary pages from both."""

import pytest

from feeds.collect.walls import MAX_CHALLENGE, wall

HEAD = "<!DOCTYPE html><html><head><title>{}</title></head><body>{}</body></html>"


def _page(title: str, body: str = "") -> bytes:
    return HEAD.format(title, body).encode()


@pytest.mark.parametrize(
    ("headers", "maker"),
    [
        ({"Cf-Mitigated": "challenge"}, "Cloudflare"),
        ({"X-Amzn-Waf-Action": "captcha"}, "AWS WAF"),
        ({"X-Amzn-Waf-Action": "challenge"}, "AWS WAF"),
        ({"X-Vercel-Mitigated": "challenge"}, "Vercel"),
        ({"X-Sucuri-Block": "EVA079"}, "Sucuri"),
    ],
)
@pytest.mark.parametrize("status", [200, 202, 403])
def test_some_walls_say_so_in_a_header(headers: dict[str, str], maker: str, status: int) -> None:
    assert wall(status, headers, b"") == maker


CODE = {
    "<script>window._cf_chl_opt={cvId:'3'}</script>": "Cloudflare",
    '<div class="sec-if-cpt-container"></div>': "Akamai",
    '<meta http-equiv="refresh" content="5; URL=/?bm-verify=AAQ">': "Akamai",
    '<iframe src="/_Incapsula_Resource?SWUDNSAI=31&xinfo=5"></iframe>': "Imperva",
    '<iframe src="/_Incapsula_Resource?CWUDNSAI=9&incident_id=1"></iframe>': "Imperva",
    '<script src="https://ct.captcha-delivery.com/c.js"></script>': "DataDome",
    "<script>AwsWafIntegration.checkForceRefresh()</script>": "AWS WAF",
    "<script>window.gokuProps = {}</script>": "AWS WAF",
    "<script>sucuri_cloudproxy_js='';</script>": "Sucuri",
    "<script>window._pxAppId = 'x';</script>": "HUMAN",
    '<script id="anubis_challenge" type="application/json">{}</script>': "Anubis",
}


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("status", [200, 403, 429, 503])
def test_a_challenge_is_known_by_its_code_whatever_its_status(code: str, status: int) -> None:
    assert wall(status, {}, _page("Please wait", code)) == CODE[code]


@pytest.mark.parametrize(
    ("body", "maker"),
    [
        (_page("Just a moment..."), "Cloudflare"),
        (_page("Attention Required! | Cloudflare"), "Cloudflare"),
        (_page("Access Denied", "Reference &#35;18.7 https&#58;//errors.edgesuite.net/18.7"), "Akamai"),
        (_page("", "Request unsuccessful. Incapsula incident ID: 1-2"), "Imperva"),
        (_page("Pardon Our Interruption"), "Imperva"),
        (_page("Sucuri WebSite Firewall - Access Denied"), "Sucuri"),
        (b'{"url":"https://geo.captcha-delivery.com/captcha/?initialCid=A"}', "DataDome"),
    ],
)
def test_a_block_page_is_known_by_its_words_beside_an_error_status_only(body: bytes, maker: str) -> None:
    assert wall(403, {}, body) == maker
    assert wall(200, {}, body) is None


ORDINARY = {
    "a protected site": _page(
        "会談",
        '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>'
        '<script src="/_Incapsula_Resource?SWJIYLWA=719d34d31c8e3a6e6fffd425f7e032f3"></script>'
        '<script src="https://js.datadome.co/tags.js"></script><script src="https://x.edge.sdk.awswaf.com/a.js"></script>',
    ),
    "a report about walls": _page(
        "How bot walls work",
        "<p>It sets <code>window._cf_chl_opt={}</code>, or loads &lt;script src=geo.captcha-delivery.com&gt;, "
        "and Imperva's <code>/_Incapsula_Resource?SWUDNSAI=31</code>. <script>let a = 1</script> gokuProps, "
        "Incapsula incident ID, Pardon Our Interruption, Sucuri Website Firewall, errors.edgesuite.net</p>",
    ),
    "a headline": _page("Just a moment... says the minister"),
    "a long page": _page("x", "<script>window._cf_chl_opt={}</script>" + "会" * MAX_CHALLENGE),
    "a feed": b"<rss><channel><item><description><![CDATA[<script>_cf_chl_opt</script>]]></description></item>",
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_page_is_no_wall(kind: str) -> None:
    assert wall(200, {"Server": "cloudflare", "X-DataDome": "protected", "X-Sucuri-ID": "14"}, ORDINARY[kind]) is None


def test_a_plain_refusal_is_no_wall() -> None:
    assert wall(403, {"Server": "cloudflare"}, _page("403 Forbidden", "<hr>nginx")) is None
