"""
The kernel is handed what tc hands it for the same words.

An independent implementation of the same protocol: what tc 6.1 sent was recorded, and both are read with one reader. What tc leaves out because it is nothing
we send as nothing, because a change keeps what it does not name; that there are such, and that they are nothing, is checked too.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import cast

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.layers.packet.netem import Bursts, Netem, netem_of
from fraiseql_chaos.layers.packet.netem_options import netem_options, quantiles
from layers.packet.netems import EXAMPLES, SENT_BY_TC

TICK_NS = 64
NAMES = {
    1: "correlations",
    2: "table",
    3: "reorder",
    4: "corrupt",
    5: "loss in two states",
    6: "rate",
    8: "rate64",
    10: "delay",
    11: "jitter",
    14: "seed",
}
TABLES = [Path("/usr/lib/x86_64-linux-gnu/tc/normal.dist"), Path("/usr/lib/aarch64-linux-gnu/tc/normal.dist"), Path("/usr/lib/tc/normal.dist")]
SAME_QUANTILE = 1.5
"""Ours and tc's differ in where between two neighbours a quantile lies."""


def attributes(raw: bytes) -> dict[int, bytes]:
    found = {}
    while raw:
        length, kind = struct.unpack_from("=HH", raw)
        found[kind & 0x7FFF] = raw[4:length]
        raw = raw[(length + 3) & ~3 :]
    return found


def meant(options: bytes) -> dict[str, object]:
    """Return what options say, without what is nothing."""
    delay, limit, loss, gap, duplicate, jitter = struct.unpack_from("=6I", options)
    told: dict[str, object] = {"limit": limit, "loss": loss, "gap": gap, "duplicate": duplicate, "delay": delay * TICK_NS, "jitter": jitter * TICK_NS}
    for kind, value in attributes(options[24:]).items():
        match NAMES[kind]:
            case "delay" | "jitter" as name:
                (ns,) = struct.unpack("=q", value)
                assert abs(ns - int(str(told[name]))) < TICK_NS, "what old kernels are told is what new ones are"
            case "loss in two states" as name:
                told[name] = struct.unpack("=4I", attributes(value)[2])
            case "seed" | "table":
                pass
            case name:
                told[name] = struct.unpack(f"={len(value) // 4}I", value)
    if (rate := told.get("rate64")) is not None:
        del told["rate64"]
        low, high = cast("tuple[int, int]", rate)
        told["rate"] = (low + (high << 32), *cast("tuple[int, ...]", told["rate"])[1:])
    return {name: value for name, value in told.items() if value and (not isinstance(value, tuple) or any(value))}


@pytest.mark.parametrize("words", SENT_BY_TC)
def test_the_kernel_is_told_what_tc_tells_it(words: str) -> None:
    ours = meant(netem_options(netem_of(EXAMPLES[words])["up"], seed=7))
    theirs = meant(bytes.fromhex(SENT_BY_TC[words]))
    assert ours == theirs


def test_the_reader_tells_apart_what_differs() -> None:
    """All recorded examples say different things, so that no two could be taken for each other."""
    said = [repr(meant(bytes.fromhex(sent))) for sent in SENT_BY_TC.values()]
    assert len(set(said)) == len(said)


def test_nothing_of_an_earlier_setting_is_kept() -> None:
    """The kernel keeps what a change does not name; a model of loss alone is taken back by saying nothing."""
    named = attributes(netem_options(Netem(), seed=7)[24:])
    assert {NAMES[kind] for kind in named} == {"correlations", "reorder", "corrupt", "rate", "delay", "jitter", "seed"}
    assert all(not any(value) for kind, value in named.items() if NAMES[kind] != "seed")
    assert meant(netem_options(Netem(), seed=7)) == {"limit": 44739}


def test_the_seed_is_handed_over_whole() -> None:
    assert attributes(netem_options(Netem(), seed=2**64 - 2)[24:])[14] == struct.pack("=Q", 2**64 - 2)


def test_a_burst_from_which_nothing_survives_is_said_so() -> None:
    told = meant(netem_options(Netem(bursts=Bursts(enter=0.5, leave=1.0, lost_inside=1.0, lost_outside=0.0)), seed=1))
    assert told["loss in two states"] == (round(0.5 * (2**32 - 1)), 2**32 - 1, 0, 0)


def test_jitter_comes_with_its_table_each_time() -> None:
    """Else a uniform jitter would have the table of the normal one before it."""
    for distribution in ("uniform", "normal"):
        table = attributes(netem_options(Netem(delay=ms(9), jitter=ms(3), distribution=distribution), seed=1)[24:])[2]
        assert struct.unpack(f"={len(table) // 2}h", table) == quantiles(distribution)


def test_the_tables_have_the_mean_and_the_width_that_they_stand_for() -> None:
    for distribution, deviation in (("uniform", 8192 / 3**0.5), ("normal", 8192)):
        table = quantiles(distribution)
        assert abs(sum(table)) < len(table)
        assert (sum(each * each for each in table) / len(table)) ** 0.5 == pytest.approx(deviation, rel=0.005)
    assert max(quantiles("uniform")) <= 8192


def test_the_normal_table_is_tcs() -> None:
    there = [path for path in TABLES if path.exists()]
    if not there:
        pytest.skip("there is no normal.dist to compare with; on Debian: apt-get install iproute2")
    theirs = [int(word) for line in there[0].read_text().splitlines() if not line.startswith("#") for word in re.findall(r"-?\d+", line)]
    ours = quantiles("normal")
    assert len(ours) == len(theirs)
    for n in range(8, len(ours) - 8):  # Further out the two disagree on where a quantile without a neighbour lies.
        step = max(ours[n + 1] - ours[n], ours[n] - ours[n - 1])
        assert abs(ours[n] - theirs[n]) <= SAME_QUANTILE * step
