"""Copies of the base's policies for clones."""
