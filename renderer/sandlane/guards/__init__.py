"""What may not be: everything that stops a sandbox although it could be written."""
