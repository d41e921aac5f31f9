"""Faults on IP packets, done by a link between two network namespaces, so that both kernels' own TCP meets them."""

from __future__ import annotations
