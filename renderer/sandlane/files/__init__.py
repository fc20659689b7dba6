"""Trees of files: what may be read, and nothing above their root."""
