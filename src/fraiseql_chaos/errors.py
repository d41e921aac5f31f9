"""
Every error this package raises, and whose fault each one is.

    ChaosError
    |-- DeclarationError (ValueError)   you asked for something meaningless   -> fix the declaration; nothing was touched
    |-- RigError                        a part of the rig broke, or is missing -> the message says which part and what it said
    |   |-- CapabilityError             this machine or server cannot do it    -> names the capability and how to get it
    |   `-- ServiceError                the service under test did not start or died -> read its log, whose end it quotes
    |-- InjectionError                  a fault could not act, or could not be taken back
    |-- ProtocolError                   abstract: two processes of ours, or we and a peer, disagree on a protocol
    |   |-- LocalProtocolError          we broke it                            -> report it
    |   `-- PeerProtocolError           the other side broke it
    |-- HistoryError                    a record is incomplete, corrupt or out of order -> no verdict may be drawn from it
    `-- InternalError                   our own bug                            -> report it

A verdict is never an exception: ``held``, ``violated`` and ``inconclusive`` are values (see ``verdicts``). Only the pytest
front end turns a verdict into a failing test, because that is the one language pytest speaks.
"""

from __future__ import annotations

__all__ = [
    "CapabilityError",
    "ChaosError",
    "DeclarationError",
    "HistoryError",
    "InjectionError",
    "InternalError",
    "LocalProtocolError",
    "PeerProtocolError",
    "ProtocolError",
    "RigError",
    "ServiceError",
]


class ChaosError(Exception):
    """Root of every error that this package raises on purpose."""


class DeclarationError(ChaosError, ValueError):
    """
    What was asked for has no meaning, and nothing was touched.

    The message names the wrong thing, what is allowed, and what was left alone.
    """


class RigError(ChaosError):
    """A part of the rig broke, did not come up, or did not answer in time; the message names the part and what it said."""


class CapabilityError(RigError):
    """This machine, or this server, cannot do what was asked; the message names what is missing and how to get it."""


class ServiceError(RigError):
    """The service under test did not start, was refused, or died; the message carries the end of its log."""


class InjectionError(ChaosError):
    """A fault was armed but could not act, or could not be taken back."""


class ProtocolError(ChaosError):
    """Two parties disagree on a protocol; raise one of the two children, which say whose fault it is."""


class LocalProtocolError(ProtocolError):
    """We sent, or were about to send, something the protocol does not allow: a bug of ours."""


class PeerProtocolError(ProtocolError):
    """The other side sent something the protocol does not allow."""


class HistoryError(ChaosError):
    """A stored record is truncated, corrupt or out of order, so no verdict may be drawn from it."""


class InternalError(ChaosError):
    """An invariant that only we can break is broken; please report it."""
