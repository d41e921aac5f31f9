"""What was asked once is done at most once: three answers."""

from __future__ import annotations

from fraiseql_chaos.verdicts import no_duplicates
from histories import Scene


def written(count: int = 40) -> Scene:
    """So many acknowledged mutations, from the first on; then one that nobody was told about, and one that was refused."""
    scene = Scene().load(count + 2).answers(0, count * 20, name="create_user")
    scene.request(900, 50, outcome="indeterminate", cause="connection_lost", name="create_user", status=None)
    return scene.request(920, 1, outcome="fail", cause="connect_failed", name="create_user", status=None)


def test_it_holds_when_nothing_is_there_twice() -> None:
    finding = no_duplicates().judge(written().inventory(times={40: 1}).history())

    assert finding.verdict == "held"
    assert finding.statement == "none of 42 writes took effect twice; of 1 of which nobody was told, 1 took effect"


def test_a_write_that_is_there_twice_violates_however_it_was_answered() -> None:
    acknowledged = no_duplicates().judge(written().inventory(times={3: 2}).history())
    in_doubt = no_duplicates().judge(written().inventory(times={40: 3}).history())

    assert acknowledged.verdict == in_doubt.verdict == "violated"
    assert in_doubt.statement == ("1 of 42 writes are in the database more than once (up to 3 times): request 40 (create_user) planned at 0.900 s")


def test_a_refused_write_that_is_there_violates() -> None:
    """Who was refused asks again, and then it is there twice."""
    finding = no_duplicates().judge(written().inventory(times={41: 1}).history())

    assert finding.verdict == "violated"
    assert finding.statement.startswith("1 of 1 refused writes are in the database all the same: request 41")


def test_a_lost_write_is_another_expectations_question() -> None:
    assert no_duplicates().judge(written().inventory(times={3: 0}).history()).verdict == "held"


def test_it_cannot_tell_from_too_few_writes_and_says_how_many_are_needed() -> None:
    finding = no_duplicates().judge(written(10).inventory().history())

    assert finding.verdict == "inconclusive"
    assert finding.statement.endswith("but 20 are needed to speak of writes")


def test_it_cannot_tell_while_the_service_is_still_at_work_but_what_is_twice_is_twice() -> None:
    finding = no_duplicates().judge(written().inventory(under_way=2).history())

    assert finding.verdict == "inconclusive"
    assert "2 sessions of the service were still at work" in finding.statement
    assert no_duplicates().judge(written().inventory(under_way=2, times={3: 2}).history()).verdict == "violated"


def test_it_cannot_tell_when_the_database_was_not_asked_or_did_not_answer() -> None:
    assert no_duplicates().judge(written().history()).verdict == "inconclusive"
    assert no_duplicates().judge(written().inventory(error="no answer").history()).verdict == "inconclusive"
