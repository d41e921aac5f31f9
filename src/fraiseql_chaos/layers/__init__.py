"""
Where a fault acts. One package a layer, all with the same inside:

    model   what flows there, and the roles a fault can play
    faults  one file, one class, one wire name for each thing that can go wrong
    engine  what should happen to what flows, without I/O, clock or chance of its own; where something flows
    driver  what touches the world; where that is a process of its own, ``control`` is the runner's end of it

Layers do not import each other.
"""

from __future__ import annotations
