"""Which policies of the base have copies for which clones."""
