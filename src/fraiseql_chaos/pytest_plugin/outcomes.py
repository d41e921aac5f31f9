"""
Three verdicts in a runner that knows two.

    held          passed
    violated      failed; with a ``weakness`` mark that explains all of it: an expected failure
    inconclusive  failed, but counted and named apart: nothing was shown either way, and that is not green
    held, though a weakness was expected:  failed, because the register is out of date
    recorded, but never judged:            failed, because nothing was asked of the record

Each test is shown under its own word, but counted under pytest's, so that everything which reads pytest's closing line (continuous
integration, ``--last-failed``, other plugins) goes on to understand it. The section "chaos" counts verdicts apart.

A test that recorded nothing has no verdict; what becomes of it is pytest's own business. But no chaos test fails unseen: one that fails in
another way than by a verdict, before, beside or after it, is a *problem* of the run, and stands in its report.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from fraiseql_chaos.errors import CapabilityError, ChaosError
from fraiseql_chaos.pytest_plugin.session import state_of

if TYPE_CHECKING:
    from fraiseql_chaos.experiment import Load

__all__ = ["pytest_report_teststatus", "pytest_runtest_makereport"]

_LETTERS = {"held": "H", "violated": "V", "inconclusive": "I", "weakness": "w"}
_COUNTED_AS = {"held": "passed", "violated": "failed", "inconclusive": "failed", "weakness": "xfailed"}
_COLOURS = {"held": {"green": True}, "violated": {"red": True}, "inconclusive": {"yellow": True}, "weakness": {"yellow": True}}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the verdict to the report of a chaos test's call."""
    report = yield
    load: Any = getattr(item, "funcargs", {}).get("load")
    # Another project may have a fixture of that name, and must then not hear of us.
    if call.when == "call" and any(cls.__module__.startswith("fraiseql_chaos.") for cls in type(load).__mro__):
        _translate(report, item, call, load)
    if report.failed and "chaos_verdict" not in dict(report.user_properties) and _uses_ours(item):
        report.user_properties.append(("chaos_problem", _told(report, call)))
    return report


def _uses_ours(item: pytest.Item) -> bool:
    """Tell whether a test asks for a fixture of ours: by its name, or through another fixture that was begun."""
    known: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    for name in ("service", "chaos", "load"):
        found = known.get(name, ())
        ours = [fixture for fixture in found if fixture.func.__module__.startswith("fraiseql_chaos.")]
        if ours and (found[-1] is ours[-1] or any(fixture.cached_result is not None for fixture in ours)):
            return True
    return False


def _told(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    """Return in one line how a test went wrong."""
    error = None if call.excinfo is None else call.excinfo.value
    # What we raise on purpose is a sentence, and better off without the name of its class.
    raised = str(error) if isinstance(error, ChaosError) else "" if call.excinfo is None else call.excinfo.exconly()
    text = report.longrepr if isinstance(report.longrepr, str) else raised
    where = "" if report.when == "call" else f"in its {report.when}: "
    return f"{where}{text.strip().partition(chr(10))[0] or 'failed'}"


def _translate(report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None], load: Load) -> None:
    from fraiseql_chaos.experiment import Inconclusive, Violated  # noqa: PLC0415  imported by now; a project without chaos tests never does

    failure = call.excinfo.value if call.excinfo is not None else None
    weakness = load.title.weakness
    if isinstance(failure, CapabilityError) and not state_of(item.config).options.strict:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {failure}")
        item.user_properties.append(("chaos_skipped", str(failure)))
    elif isinstance(failure, Inconclusive):
        report.longrepr = str(failure)
        _mark(report, "inconclusive")
    elif isinstance(failure, Violated) and weakness is not None and weakness.explains(failure.judgement.findings) and not load.unmeasured:
        report.outcome = "skipped"
        report.wasxfail = f"known weakness {weakness.id}, see the section chaos"
        _mark(report, "weakness")
    elif isinstance(failure, Violated):
        report.longrepr = str(failure)
        _mark(report, "violated")
    elif failure is None:
        _passed(report, load)


def _passed(report: pytest.TestReport, load: Load) -> None:
    unjudged = sum(recording.verdict is None for recording in load.recordings)
    unmeasured = ", ".join(load.unmeasured)
    caught = [recording.verdict for recording in load.recordings if recording.verdict not in {None, "held"}]
    if unjudged:
        _fail(report, f"{unjudged} recording(s) were never judged; state what you expect with recording.require(...)")
    elif caught:
        _fail(report, f"the test went on after a verdict that is not held ({', '.join(map(str, caught))}); let what require() raises pass")
    elif load.recordings and unmeasured:
        _fail(report, f"the test claims {unmeasured} and measured no such thing; call recording.measure(...) before recording.require(...)")
    elif load.recordings and load.title.weakness is not None:
        name = load.title.weakness.id
        _fail(report, f"{name} was expected, but every promise held: remove the mark, and say in the register which release mended it")
    elif load.recordings:
        _mark(report, "held")


def _fail(report: pytest.TestReport, why: str) -> None:
    report.outcome = "failed"
    report.longrepr = why


def _mark(report: pytest.TestReport, verdict: str) -> None:
    report.user_properties.append(("chaos_verdict", verdict))


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport, config: pytest.Config) -> tuple[str, str, Any] | None:
    """Name a verdict by its own word; note a skip for a missing capability, in whichever process it happened."""
    properties = dict(getattr(report, "user_properties", ()))
    if report.when == "teardown" and "chaos_skipped" in properties:
        state_of(config).skipped.append((report.nodeid, properties["chaos_skipped"]))
    verdict = properties.get("chaos_verdict")
    if report.when != "call" or verdict is None:
        return None
    return _COUNTED_AS[verdict], _LETTERS[verdict], (verdict.upper(), _COLOURS[verdict])
