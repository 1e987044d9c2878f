"""What can be wished of a picture, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass

from visualizer.paint.axis.viewport import Axis


@dataclass(frozen=True)
class Settings:
    """`axes`: a panel each, from top to bottom. `width`: of the whole picture, in pixels."""

    axes: tuple[Axis, ...] = (Axis.TIME, Axis.SWITCHES)
    width: int = 1280
    dark: bool = False
