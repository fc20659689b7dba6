"""What a change of specs, environment or base does to the output, told for the person who reviews it."""
