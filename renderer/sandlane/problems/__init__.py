"""What can be wrong, and how it is said."""
