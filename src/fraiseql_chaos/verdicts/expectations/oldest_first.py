"""
Who came first is served first.

A pool that has nothing to give lets its clients wait. Which of them gets the next connection is seen in the pool itself: the observer numbers those who
wait as they come, so a client that has left the queue while one who came before it still stands there has overtaken it. A client that came and went
between two looks is not seen, but counted by the pool, and has overtaken everybody who stood there at both.

    look k      7 8 9            8 is older than 11 by at least the time from the end of the look that first saw it
    look k+1      8 9 10 11      to the begin of the last look that did not see 11 yet
    look k+2      8 9 10         11 has gone: it has overtaken 8, 9 and 10

So how long before another a client came is known from below, and only what exceeds the slack counts. While clients give up, who left the queue may not
have been served, so such looks show nothing.

Clients of the service see the same from outside: a request that was sent later than another, and answered earlier, each by more than the slack. That
counts as well, wherever on its way it was overtaken; and it is all there is where a pool shows no queue.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Final

from fraiseql_chaos.core import Duration, ms
from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.pool import PoolLook, pool_looks
from fraiseql_chaos.verdicts.requests import requests_during
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS
from fraiseql_chaos.verdicts.wording import require_duration

__all__ = ["OldestFirst", "oldest_first"]

LOOKS_LEAST: Final = 5
"""In fewer looks than these two clients stood in line who came apart by more than the slack: then hardly anybody could have overtaken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldestFirst:
    """
    Expect that nobody overtakes one who came before.

    Args:
        slack: By how much two must have come apart before their order counts; above 0.

    Raises:
        DeclarationError: If the slack has no unit or is 0.
    """

    kind: ClassVar[str] = "oldest_first"

    slack: Duration

    def __post_init__(self) -> None:
        require_duration(self.kind, "slack", self.slack)

    def __str__(self) -> str:
        return f"nobody is served before one who came more than {self.slack} earlier"

    def judge(self, history: History) -> Finding:
        """Follow the queue from look to look, and compare the order of answers with the order of requests."""
        line = _line(pool_looks(history), self.slack.ns)
        asked = [o for o in requests_during(history, "fault") if o.outcome == "ok" and o.sent_ns is not None]
        overtaken, waited = _overtaken(asked, self.slack.ns), sum(o.latency_ns > self.slack.ns for o in asked)
        in_line = f"{line.served} clients left the queue, in {line.spread} looks at it some had come more than {self.slack} before others"
        enough = line.served >= LEAST_REQUESTS and line.spread >= LOOKS_LEAST
        verdict: Verdict
        if line.overtakers or overtaken:
            verdict = "violated"
            statement = f"{line.overtakers} clients overtook in the pool's queue, and {overtaken} of {len(asked)} requests were overtaken; {in_line}"
        elif enough or (not line.shows_queue and waited >= LEAST_REQUESTS):
            verdict = "held"
            statement = f"{in_line}; nobody overtook" if enough else f"the pool shows no queue; none of {waited} requests that waited was overtaken"
        else:
            verdict = "inconclusive"
            statement = f"{in_line}; {LEAST_REQUESTS} clients and {LOOKS_LEAST} looks are needed"
            statement = statement if line.shows_queue else f"the pool shows no queue, and only {waited} requests waited; {LEAST_REQUESTS} are needed"
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=statement,
            numbers={
                "left_the_queue": line.served,
                "looks_that_can_tell": line.spread,
                "overtook_in_queue": line.overtakers,
                "answered": len(asked),
                "waited": waited,
                "requests_overtaken": overtaken,
            },
        )


def oldest_first(slack: Duration = ms(250)) -> OldestFirst:
    """Expect that nobody overtakes one who came more than the slack before; see ``OldestFirst``."""
    return OldestFirst(slack=slack)


@dataclass(slots=True, kw_only=True)
class _Line:
    """What the looks at a queue came to."""

    shows_queue: bool = False
    served: int = 0
    spread: int = 0
    overtakers: int = 0
    came_ns: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of each client, by its number: after when it came, and by when it was there."""


def _line(looks: Sequence[PoolLook], slack_ns: int) -> _Line:
    line = _Line(shows_queue=any(look.numbered is not None for look in looks))
    unseen = looks[0].queued - (looks[0].numbered or 0) if looks else 0
    for earlier, look in pairwise(looks):
        # Counted a moment after it was seen, or before, a client is missing from one of the two; so only what exceeds the most so far came and went.
        unseen = max(unseen, earlier.queued - (earlier.numbered or 0))
        line.came_ns |= {n: (earlier.began_ns, look.at_ns) for n in look.queue if n not in line.came_ns}
        there, stayed = set(look.queue), [n for n in earlier.queue if n in set(look.queue) and n in line.came_ns]
        left = [n for n in earlier.queue if n not in there and n in line.came_ns]
        hidden = max(0, look.queued - (look.numbered or 0) - unseen) if line.shows_queue else 0
        known = [line.came_ns[n] for n in look.queue]
        line.spread += bool(known) and max(after for after, _ in known) - min(by for _, by in known) > slack_ns
        if look.errors != earlier.errors:
            continue
        line.served += len(left) + hidden
        if stayed:
            oldest_ns = min(line.came_ns[n][1] for n in stayed)
            line.overtakers += sum(line.came_ns[n][0] - oldest_ns > slack_ns for n in left)
            line.overtakers += hidden if earlier.began_ns - oldest_ns > slack_ns else 0
    return line


def _overtaken(asked: Sequence[Operation], slack_ns: int) -> int:
    """Count the requests of which another was sent later and answered earlier, each by more than the slack."""
    in_order = sorted(asked, key=lambda o: o.sent_ns or 0)
    sent = [o.sent_ns or 0 for o in in_order]
    soonest = [0] * len(in_order)  # of all from here on, when the first was answered
    for n in range(len(in_order) - 1, -1, -1):
        soonest[n] = min(in_order[n].done_ns, soonest[n + 1]) if n + 1 < len(in_order) else in_order[n].done_ns
    later = ((o, bisect_right(sent, (o.sent_ns or 0) + slack_ns)) for o in in_order)
    return sum(n < len(in_order) and soonest[n] < o.done_ns - slack_ns for o, n in later)
