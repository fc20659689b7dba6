"""Obligations of proof: one generator a module, registered in `sandlane.proof.OBLIGATIONS`."""
