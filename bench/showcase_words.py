"""The words of the archive to look at (showcase.py): who meets, where, about what, and in which sentences."""

# ruff: noqa: E501  sentences are easier to read whole

from datetime import date

#: Who meets, and how often.
PAIRS: list[tuple[tuple[str, ...], int]] = [
    (("JP", "AU"), 9), (("JP", "US"), 10), (("JP", "PH"), 7), (("JP", "GB"), 5), (("JP", "KR"), 5), (("JP", "IN"), 4),
    (("JP", "VN"), 3), (("JP", "ID"), 3), (("JP", "IT"), 3), (("JP", "FR"), 3), (("JP", "DE"), 3), (("JP", "NZ"), 2),
    (("JP", "SG"), 2), (("JP", "MY"), 2), (("JP", "CN"), 2), (("JP", "SE"), 1), (("JP", "NL"), 1), (("JP", "CA"), 2),
    (("AU", "US"), 6), (("AU", "GB"), 4), (("AU", "PH"), 3), (("AU", "ID"), 3), (("AU", "NZ"), 4), (("AU", "IN"), 2),
    (("AU", "SG"), 2), (("AU", "FJ"), 2), (("US", "KR"), 6), (("US", "PH"), 5), (("US", "GB"), 3), (("US", "IN"), 3),
    (("US", "PL"), 2), (("KR", "PL"), 2), (("GB", "FR"), 3), (("GB", "DE"), 3), (("FR", "DE"), 4), (("DE", "PL"), 2),
    (("IT", "FR"), 2), (("SE", "FI"), 3), (("NO", "SE"), 2), (("IN", "VN"), 2), (("SG", "MY"), 2), (("ID", "MY"), 1),
    (("JP", "US", "AU"), 4), (("JP", "US", "KR"), 3), (("JP", "GB", "IT"), 3), (("AU", "GB", "US"), 3),
    (("JP", "US", "AU", "PH"), 3), (("FR", "DE", "PL"), 2), (("DE", "FR", "GB", "IT", "PL"), 2),
]  # fmt: skip

HOMES = {
    "JP": "Tokyo", "AU": "Canberra", "US": "Washington", "PH": "Manila", "GB": "London", "KR": "Seoul",
    "IN": "New Delhi", "VN": "Hanoi", "ID": "Jakarta", "IT": "Rome", "FR": "Paris", "DE": "Berlin", "NZ": "Wellington",
    "SG": "Singapore", "MY": "Kuala Lumpur", "CN": "Beijing", "SE": "Stockholm", "NL": "The Hague", "CA": "Ottawa",
    "FJ": "Suva", "PL": "Warsaw", "FI": "Helsinki", "NO": "Oslo",
}  # fmt: skip

#: Conferences with talks on their margins: first day, city, name in both languages.
FORUMS = [
    (date(2024, 11, 20), "Vientiane", "拡大ASEAN国防相会議", "ASEAN Defence Ministers' Meeting-Plus"),
    (date(2025, 5, 30), "Singapore", "シャングリラ会合", "Shangri-La Dialogue"),
    (date(2025, 11, 1), "Kuala Lumpur", "拡大ASEAN国防相会議", "ASEAN Defence Ministers' Meeting-Plus"),
    (date(2026, 5, 29), "Singapore", "シャングリラ会合", "Shangri-La Dialogue"),
    (date(2026, 11, 16), "Manila", "拡大ASEAN国防相会議", "ASEAN Defence Ministers' Meeting-Plus"),
]

#: The conferences themselves: series, day, city, title in both languages.
RELEASES = [
    ("admm-plus", date(2024, 11, 21), "Vientiane", "第11回拡大ASEAN国防相会議", "11th ASEAN Defence Ministers' Meeting-Plus"),
    ("admm-plus", date(2025, 11, 1), "Kuala Lumpur", "第12回拡大ASEAN国防相会議", "12th ASEAN Defence Ministers' Meeting-Plus"),
    ("admm-plus", date(2026, 11, 17), "Manila", "第13回拡大ASEAN国防相会議", "13th ASEAN Defence Ministers' Meeting-Plus"),
    ("admm", date(2024, 11, 20), "Vientiane", "第18回ASEAN国防相会議", "18th ASEAN Defence Ministers' Meeting"),
    ("admm", date(2025, 10, 31), "Kuala Lumpur", "第19回ASEAN国防相会議", "19th ASEAN Defence Ministers' Meeting"),
    ("scm", date(2024, 10, 30), "Washington", "第56回米韓安保協議会", "56th ROK-U.S. Security Consultative Meeting"),
    ("scm", date(2025, 11, 4), "Seoul", "第57回米韓安保協議会", "57th ROK-U.S. Security Consultative Meeting"),
    ("scm", date(2026, 12, 9), "Washington", "第58回米韓安保協議会", "58th ROK-U.S. Security Consultative Meeting"),
    ("jp-au-22", date(2024, 9, 5), "Queenscliff", "第11回日豪外務・防衛閣僚協議(2+2)",
     "11th Japan-Australia 2+2 Foreign and Defence Ministerial Consultations"),
    ("jp-au-22", date(2025, 9, 5), "Tokyo", "第12回日豪外務・防衛閣僚協議(2+2)",
     "12th Japan-Australia 2+2 Foreign and Defence Ministerial Consultations"),
    ("jp-au-22", date(2026, 12, 14), "Canberra", "第13回日豪外務・防衛閣僚協議(2+2)",
     "13th Japan-Australia 2+2 Foreign and Defence Ministerial Consultations"),
    ("jp-ph-22", date(2024, 7, 8), "Manila", "第2回日フィリピン外務・防衛閣僚会合(2+2)",
     "2nd Japan-Philippines Foreign and Defense Ministerial Meeting (2+2)"),
    ("jp-in-22", date(2024, 8, 20), "New Delhi", "第3回日印外務・防衛閣僚会合(2+2)",
     "3rd Japan-India 2+2 Foreign and Defence Ministerial Meeting"),
    ("ausmin", date(2025, 12, 8), "Washington", "米豪外務・防衛閣僚協議(AUSMIN)",
     "Australia-United States Ministerial Consultations (AUSMIN)"),
    ("nato-dmm", date(2025, 2, 13), "Brussels", "NATO国防相会合", "NATO Defence Ministers' Meeting"),
    ("nato-dmm", date(2025, 6, 5), "Brussels", "NATO国防相会合", "NATO Defence Ministers' Meeting"),
    ("nato-dmm", date(2025, 10, 15), "Brussels", "NATO国防相会合", "NATO Defence Ministers' Meeting"),
    ("nato-dmm", date(2026, 2, 12), "Brussels", "NATO国防相会合", "NATO Defence Ministers' Meeting"),
    ("nato-dmm", date(2026, 6, 18), "Brussels", "NATO国防相会合", "NATO Defence Ministers' Meeting"),
    ("nato-dmm", date(2026, 10, 22), "Brussels", "NATO国防相会合", "NATO Defence Ministers' Meeting"),
    ("jpidd", date(2026, 2, 22), "Tokyo", "第3回日・太平洋島嶼国国防大臣会合", "3rd Japan Pacific Islands Defense Dialogue"),
    ("aukus", date(2024, 9, 26), "London", "AUKUS国防相会合", "AUKUS Defence Ministers' Meeting"),
    ("aukus", date(2025, 12, 10), "Washington", "AUKUS国防相会合", "AUKUS Defence Ministers' Meeting"),
    ("spdmm", date(2025, 10, 22), "Viña del Mar", "第10回南太平洋国防相会合", "10th South Pacific Defence Ministers' Meeting"),
]  # fmt: skip

TOPICS: list[tuple[str, str]] = [
    ("艦艇の共同開発", "joint work on a new class of frigate"), ("海上交通の安全", "the safety of sea lanes"),
    ("サイバー防衛の協力", "cooperation in cyber defence"), ("部隊の往来を円滑にする協定", "an agreement that eases visits of forces"),
    ("無人機への備え", "defence against drones"), ("災害時の相互支援", "helping each other after disasters"),
    ("装備品の共同生産", "shared production of equipment"), ("宇宙からの監視", "surveillance from space"),
    ("共同訓練の拡大", "larger joint exercises"), ("ミサイル防衛", "missile defence"),
    ("防衛産業の供給網", "supply chains of the defence industry"), ("東シナ海と南シナ海の情勢", "the situation in the East and South China Seas"),
    ("ウクライナへの支援", "support for Ukraine"), ("女性・平和・安全保障", "women, peace and security"),
]  # fmt: skip

SAY_JA = {
    "in_person_title": [
        "{sides}防衛相会談について", "{sides}の国防相が会談、{topic}を協議", "{sides}防衛相会談、{city}で開催　{topic}で一致",
    ],
    "in_person_text": [
        "{day}、{first}は、{city}において{others}と会談を行った。\n双方は{topic}について意見を交わし、{also}を進めることで一致した。\n次の会談は来年に行うことを確認した。",
        "{first}は{day}、{city}で{others}と会談した。{topic}が中心の議題となり、{also}についても話し合った。",
    ],
    "phone_title": ["{sides}防衛相電話会談について", "{sides}の国防相が電話会談"],
    "phone_text": ["{day}、{first}は、{others}と電話会談を行い、{topic}について認識を共有した。{also}でも連絡を密にすることを確認した。"],
    "video_title": ["{sides}防衛相テレビ会談について"],
    "video_text": ["{day}、{first}は、{others}とテレビ会談を行った。{topic}の進み具合を確かめ、{also}について協議した。"],
    "coming_title": ["{sides}防衛相会談の実施予定について", "{sides}防衛相、{short}に会談へ"],
    "coming_text": ["防衛省は、{first}が{day}に{city}で{others}と会談する予定だと発表した。{topic}が議題となる見通し。"],
    "called_off_title": ["{sides}防衛相会談の中止について"],
    "called_off_text": ["{day}に{city}で予定されていた{first}と{others}との会談は中止となった。日程は改めて調整する。"],
    "margin": ["{margin}に出席するため{city}を訪れた機会に行われた会談である。\n", "{margin}の機会を捉えた会談。\n"],
    "document": ["\n会談後、双方は共同声明を発表した。", "\n会談に合わせ、双方は覚書に署名した。"],
}  # fmt: skip

SAY_EN = {
    "in_person_title": [
        "{sides} defence ministers meet in {city}", "Defence ministers of {sides} discuss {topic}",
        "{sides} defence ministers' meeting",
    ],
    "in_person_text": [
        "{first} met with {others} in {city} on {day}. The ministers discussed {topic} and agreed to move forward on {also}.\nThey will meet again next year.",
        "On {day}, {first} held a bilateral meeting with {others} in {city}. Talks centred on {topic}; {also} came up as well.",
    ],
    "phone_title": ["{sides} defence ministers speak by phone", "Call between the defence ministers of {sides}"],
    "phone_text": ["{first} spoke by phone with {others} on {day}. They shared their views on {topic} and on {also}."],
    "video_title": ["{sides} defence ministers hold video call"],
    "video_text": ["{first} held a video conference meeting with {others} on {day}. The ministers took stock of {topic} and talked about {also}."],
    "coming_title": ["{sides} defence ministers to meet in {city}"],
    "coming_text": ["{first} will meet {others} in {city} on {day}. The ministers are expected to discuss {topic}."],
    "called_off_title": ["{sides} defence ministers' meeting cancelled"],
    "called_off_text": ["The meeting between {first} and {others}, planned for {day} in {city}, has been cancelled. A new date is being sought."],
    "margin": ["The meeting took place on the margins of the {margin}.\n"],
    "document": ["\nA joint statement was issued after the meeting.", "\nThe ministers signed a memorandum of understanding."],
}  # fmt: skip

JOINT = {
    "held": {
        "title_ja": "{name}の開催について", "title_en": "{name_en} held in {city}",
        "ja": "{ja}、{place}において{name}が開催され、各国の国防相が出席した。\n海上交通の安全と災害時の相互支援が議題となった。会議後、共同声明が発表された。",
        "en": "Defence ministers gathered in {city} on {en} for the {name_en}. They discussed the safety of sea lanes and help after disasters. A joint statement was adopted.",
    },
    "coming": {
        "title_ja": "{name}の開催予定について", "title_en": "{name_en} to be held in {city}",
        "ja": "防衛省は、{name}が{ja}に{place}で開催される予定だと発表した。国防相が出席する見通し。",
        "en": "The {name_en} will be held in {city} on {en}. Defence ministers will attend.",
    },
}  # fmt: skip
