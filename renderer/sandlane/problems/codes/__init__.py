"""The catalogue of problem codes: a module a hundred."""
