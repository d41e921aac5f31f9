"""What faults are told about the link they are armed on."""

from __future__ import annotations

from fraiseql_chaos.layers.packet.model import DIRECTION_WORDS, DIRECTIONS, DIRECTIONS_OF, Meeting, other_way


def test_the_two_ways() -> None:
    assert [other_way(direction) for direction in DIRECTIONS] == ["down", "up"]
    assert DIRECTIONS_OF.keys() == DIRECTION_WORDS.keys()


def test_dice_belong_to_a_seed_a_name_a_direction_and_a_purpose() -> None:
    met = [Meeting(armed_ns=0, seed=seed, dice=name) for seed in (1, 2) for name in ("a", "b")]
    drawn = {meeting.draws(direction, *names)[0] for meeting in met for direction in DIRECTIONS for names in ((), ("step",))}
    assert len(drawn) == 16
    assert met[0].draws("up")[9] == Meeting(armed_ns=77, seed=1, dice="a").draws("up")[9]
