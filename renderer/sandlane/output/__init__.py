"""The output directory: where objects lie in it, and the only writer."""
