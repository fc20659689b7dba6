"""Lets `python -m renderer` stand for the command `sandlane`."""

from __future__ import annotations

from renderer.cli.main import main

main()
