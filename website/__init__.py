"""What the documentation's site has beside docs/: references made of the code, examples, and pages of the repository's root."""
