"""A story is as big as the number of newsrooms that tell it, not the number of copies."""

from feeds.decide.ranking import host_of, rank
from storage.model import Trust
from tests.support.build import after, report

HOSTS = {"mod": "mod.example", "mod-en": "mod.example", "paper": "paper.example", "agg": "agg.example"}


def test_two_feeds_of_one_newsroom_count_once() -> None:
    (story,) = rank([(1, (report("mod"), report("mod-en"), report("paper")))], HOSTS, 5)
    assert (story.count, story.publishers) == (2, ("mod.example", "paper.example"))


def test_an_aggregator_counts_as_the_newsroom_that_it_leads_to() -> None:
    copy = report("agg", trust=Trust.AGGREGATOR, url="https://www.paper.example/1")
    (story,) = rank([(1, (report("paper"), copy))], HOSTS, 5)
    assert story.count == 1
    (alone,) = rank([(1, (report("mod"), copy))], HOSTS, 5)
    assert alone.publishers == ("mod.example", "paper.example")


def test_a_story_that_only_an_aggregator_or_a_machine_tells_counts_one() -> None:
    own = report("agg", trust=Trust.AGGREGATOR, url="https://agg.example/1")
    low = report("paper", trust=Trust.LOW)
    assert [story.count for story in rank([(1, (own,)), (2, (low,))], HOSTS, 5)] == [1, 1]


def test_the_widest_told_comes_first_and_among_equals_the_latest() -> None:
    wide = (report("mod"), report("paper"))
    early, late = (report("mod"),), (report("mod", published_at=after(hours=1)),)
    assert [s.story_id for s in rank([(1, early), (2, late), (3, wide)], HOSTS, 5)] == [3, 2, 1]
    assert [s.story_id for s in rank([(1, early), (2, late), (3, wide)], HOSTS, 1)] == [3]


def test_an_address_that_is_none_has_no_host() -> None:
    assert host_of("https://www.paper.example/1") == "paper.example"
    assert host_of("https://[half/1") == ""
