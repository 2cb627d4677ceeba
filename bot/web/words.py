"""What the admin area calls things, in Japanese and English. Pure."""

from feeds.publish.words import Language

#: The pages of the area: address, Japanese, English.
MENU = (
    ("/admin", "概要", "Overview"), ("/admin/review", "判断待ち", "To decide"),
    ("/admin/stories", "訂正", "Corrections"), ("/admin/filters", "フィルター", "Filters"),
    ("/admin/sources", "情報源", "Sources"), ("/admin/audit", "履歴", "Audit"),
)  # fmt: skip

#: What a line of the audit says was done.
_DONE: dict[str, tuple[str, str]] = {
    "filter_add": ("フィルターを追加しました", "Filter added"),
    "filter_edit": ("フィルターを変更しました", "Filter changed"),
    "filter_pause": ("フィルターを停止しました", "Filter paused"),
    "filter_resume": ("フィルターを再開しました", "Filter resumed"),
    "filter_remove": ("フィルターを削除しました", "Filter removed"),
    "filter_order": ("フィルターを並べ替えました", "Filters put in another order"),
    "source_add": ("情報源を追加しました", "Source added"),
    "source_pause": ("情報源を停止しました", "Source paused"),
    "source_resume": ("情報源を再開しました", "Source resumed"),
    "source_rules": ("ページの読み方を変更しました", "Page rules changed"),
    "source_remove": ("情報源を削除しました", "Source removed"),
    "correct_not_meeting": ("会談ではないとしました", "Said to be no meeting"),
    "correct_meeting": ("会談としました", "Said to be a meeting"),
    "correct_same_as": ("同じ会談としました", "Two stories joined"),
    "correct_split": ("記事を切り離しました", "Article taken out of its story"),
    "correct_set": ("事実を訂正しました", "Fact corrected"),
    "correct_clear": ("事実を不明としました", "Fact cleared"),
    "flood_sent": ("保留中の通知を送ります", "Held alerts sent"),
    "flood_swallowed": ("保留中の通知を送らないことにしました", "Held alerts swallowed"),
    "flood_digest": ("保留中の通知を1通にまとめます", "Held alerts put into one digest"),
    "undo": ("取り消しました", "Taken back"),
    "invite": ("招待を作成しました", "Invitation made"),
    "admin_add": ("管理者が加わりました", "Admin joined"),
    "admin_remove": ("管理者を外しました", "Admin removed"),
    "broadcast": ("一斉送信しました", "Written to all chats"),
    "resend": ("通知を再送しました", "Alert sent once more"),
    "web_link": ("ログイン用リンクを発行しました", "Link to the admin area made"),
    "web_login": ("管理画面にログインしました", "Signed in to the admin area"),
    "web_logout": ("すべての端末からログアウトしました", "Signed out everywhere"),
}  # fmt: skip

#: How a filter is, in a word and in a sentence.
STATES: dict[Language, dict[str, tuple[str, str]]] = {
    "ja": {
        "paused": ("停止中", "通知もブロックも行いません。"),
        "block": ("ブロック", "一致する記事はどのフィルターにも載らず、通知もされません。"),
        "alerts": ("通知あり", "新しく一致した会談を、購読中のチャットに送ります。"),
        "quiet": ("通知なし", "通知はせず、フィードとページだけです。"),
    },
    "en": {
        "paused": ("paused", "It raises no alerts and blocks nothing."),
        "block": ("blocks", "What matches raises no alert and is in no other filter."),
        "alerts": ("alerts", "New matches are sent to the chats that follow it."),
        "quiet": ("no alerts", "It raises no alerts; it is a feed and a page."),
    },
}

#: The facts that can be corrected, in the order of the form.
FACTS: dict[Language, dict[str, str]] = {
    "ja": {
        "date": "日付", "city": "都市", "country": "開催国", "sides": "参加国", "person": "出席者", "series": "会議体",
        "edition": "回", "level": "級", "kind": "種類", "format": "形式", "phase": "状況",
    },
    "en": {
        "date": "Date", "city": "City", "country": "Country", "sides": "Sides", "person": "Present", "series": "Series",
        "edition": "Edition", "level": "Level", "kind": "Kind", "format": "Form", "phase": "Status",
    },
}  # fmt: skip

#: How an article was understood.
VERDICTS: dict[Language, dict[str, str]] = {
    "ja": {"meeting": "会談", "uncertain": "不確か", "other": "会談ではない"},
    "en": {"meeting": "meeting", "uncertain": "uncertain", "other": "no meeting"},
}

#: The rules by which a list page is read.
RULES: dict[Language, dict[str, str]] = {
    "ja": {
        "item": "記事1件の要素", "link": "リンク", "title": "見出し", "date": "日付",
        "include": "アドレスの条件(正規表現)", "article": "記事本文",
        "article_title": "記事の見出し", "article_date": "記事の日付", "next_page": "次のページ",
        "cut": "取り除く要素(1行に1つ)",
    },
    "en": {
        "item": "One article in the list", "link": "Its link", "title": "Its title", "date": "Its date",
        "include": "Addresses (regular expression)", "article": "Text of the article",
        "article_title": "Headline of the article", "article_date": "Date of the article",
        "next_page": "Link to the next page", "cut": "Elements to remove (one a line)",
    },
}  # fmt: skip


def done_words(language: Language, what: str) -> str:
    """What was done, as a line of the audit calls it; its own word where we have none."""
    ja, en = _DONE.get(what, (what, what))
    return ja if language == "ja" else en
