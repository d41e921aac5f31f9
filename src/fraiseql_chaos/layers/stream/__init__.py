"""Faults on a TCP byte stream, done by a full-duplex proxy in a process of its own."""

from __future__ import annotations
