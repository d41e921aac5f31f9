"""
What faults are called when they are asked for in words.

``@chaos_inject(failure_type="network_latency", latency_ms=500)`` and ``fraiseql-chaos run --fault network_latency,latency_ms=500`` both end
here. The plan has words of its own, which this file maps to faults. Beside them every fault can be asked for by its wire name, with its own
magnitudes as options (``latency,delay_ms=500`` or ``latency,delay=500ms``), and those are read off the fault itself, so a new fault needs
nothing here. A word, or an option, that does not exist is refused with the ones that do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from fraiseql_chaos.core import Duration, JsonScalar, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment.catalogue import FAULTS
from fraiseql_chaos.layers.server.faults import Freeze, Stop
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.plan import Fault, described_parameters, textual_parameters, with_options

__all__ = ["FAILURE_TYPES", "FailureType", "fault_from_options", "fault_from_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureType:
    """
    A word of the plan.

    Attributes:
        summary: What it does, in one line.
        options: The options it takes, each with its unit or its allowed values.
        build: Makes the fault from options that all exist.
        takes_units: Whether a duration ``delay_ms`` may also be given as ``delay``, with its unit.
        texts: The options that take a word even where it looks like a number.
    """

    summary: str
    options: Mapping[str, str]
    build: Callable[[Mapping[str, JsonScalar]], Fault]
    takes_units: bool = False
    texts: frozenset[str] = frozenset()


def fault_from_options(failure_type: str, options: Mapping[str, JsonScalar]) -> Fault:
    """
    Make a fault from the plan's word for it.

    Args:
        failure_type: A key of ``FAILURE_TYPES``.
        options: Its options, as numbers and words; units are in their names.

    Raises:
        DeclarationError: If the word, an option or a value is not one of those allowed; nothing was armed.
    """
    known = FAILURE_TYPES.get(failure_type)
    if known is None:
        raise DeclarationError(f"unknown failure type {failure_type!r}{_hint(failure_type, FAILURE_TYPES)}; nothing was armed")
    for name in options:
        if name not in known.options and not (known.takes_units and f"{name}_ms" in known.options):
            raise DeclarationError(f"{failure_type} has no option {name!r}{_hint(name, known.options)}; nothing was armed")
    return known.build(options)


def fault_from_words(failure_type: str, words: Mapping[str, str]) -> Fault:
    """
    Make a fault from what was typed, where a number is a word, too.

    Raises:
        DeclarationError: As ``fault_from_options``.
    """
    known = FAILURE_TYPES.get(failure_type)
    texts = known.texts if known else frozenset()
    return fault_from_options(failure_type, {name: word if name in texts else _number_if_any(word) for name, word in words.items()})


def _number_if_any(word: str) -> JsonScalar:
    try:
        return float(word)
    except ValueError:
        return word


def _hint(word: str, allowed: Mapping[str, object]) -> str:
    close = get_close_matches(word, allowed, n=1)
    return f"{f' (did you mean {close[0]!r}?)' if close else ''}; allowed are {', '.join(sorted(allowed)) or 'none'}"


def _milliseconds(options: Mapping[str, JsonScalar], name: str, default: float | None = None) -> Duration:
    value = options.get(name, default)
    if value is None:
        raise DeclarationError(f"option {name!r} is missing; it takes a number of milliseconds; nothing was armed")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DeclarationError(f"option {name!r} takes a number of milliseconds, not {value!r}; nothing was armed")
    return ms(value)


def _latency(options: Mapping[str, JsonScalar]) -> Fault:
    return Latency(
        delay=_milliseconds(options, "latency_ms"),
        jitter=_milliseconds(options, "jitter_ms", 0),
        direction=options.get("direction", "down"),  # type: ignore[arg-type]  # the fault refuses what is neither
    )


def _unavailable(options: Mapping[str, JsonScalar]) -> Fault:
    match options.get("mode", "refuse"):
        case "refuse":
            return Refuse()
        case "fast" | "immediate" | "crash" as mode:
            return Stop(mode=mode)
        case "freeze":
            return Freeze()
        case mode:
            allowed = _WORDS_OF_THE_PLAN["database_unavailable"].options["mode"]
            raise DeclarationError(f"option 'mode' is {allowed}, not {mode!r}; nothing was armed")


def _of_fault(fault: type[Fault]) -> FailureType:
    """Return the word that is a fault's own name."""
    summary = (fault.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    options = described_parameters(fault)
    return FailureType(
        summary=summary[:1].lower() + summary[1:],
        options=options,
        build=lambda given: with_options(fault, given, what=fault.kind),
        takes_units=True,
        texts=textual_parameters(fault),
    )


_WORDS_OF_THE_PLAN: Final[Mapping[str, FailureType]] = {
    "database_unavailable": FailureType(
        summary="the database does not answer: refused at the edge, or the server stopped, crashed or frozen",
        options={"mode": "refuse (at the edge; the default), fast, immediate, crash or freeze (the server)"},
        build=_unavailable,
    ),
    "network_latency": FailureType(
        summary="what passes between service and database arrives late",
        options={"latency_ms": "milliseconds, above 0", "jitter_ms": "milliseconds, at most latency_ms", "direction": "down (to the service) or up"},
        build=_latency,
    ),
}

FAILURE_TYPES: Final[Mapping[str, FailureType]] = {**_WORDS_OF_THE_PLAN, **{fault.kind: _of_fault(fault) for fault in FAULTS}}
"""Every word, with what it takes."""
