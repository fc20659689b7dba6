"""Obligations of proof: one generator a module, registered in `renderer.proof.OBLIGATIONS`."""
