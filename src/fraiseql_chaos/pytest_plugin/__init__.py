"""
The pytest front end: fixtures ``service``, ``chaos`` and ``load``, options ``--chaos-...``, and verdicts in pytest's own report.

pytest imports this package in every project that has ``fraiseql-chaos`` installed, so what is imported here is pytest and small modules of
our own. Rig, workload and reports are imported when the first chaos test asks for a fixture.
"""

from __future__ import annotations

from fraiseql_chaos.pytest_plugin.coroutines import pytest_pyfunc_call
from fraiseql_chaos.pytest_plugin.fixtures import baseline, chaos, load, service
from fraiseql_chaos.pytest_plugin.marks import pytest_generate_tests, pytest_itemcollected
from fraiseql_chaos.pytest_plugin.options import pytest_addoption
from fraiseql_chaos.pytest_plugin.outcomes import pytest_report_teststatus, pytest_runtest_makereport
from fraiseql_chaos.pytest_plugin.scheduling import pytest_collection_modifyitems, pytest_runtest_protocol
from fraiseql_chaos.pytest_plugin.session import pytest_configure, pytest_report_header, pytest_sessionfinish
from fraiseql_chaos.pytest_plugin.summary import pytest_terminal_summary

__all__ = [
    "baseline",
    "chaos",
    "load",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_itemcollected",
    "pytest_pyfunc_call",
    "pytest_report_header",
    "pytest_report_teststatus",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "service",
]
