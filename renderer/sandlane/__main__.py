"""Lets `python -m sandlane` stand for the command `sandlane`."""

from __future__ import annotations

from sandlane.cli.main import main

main()
