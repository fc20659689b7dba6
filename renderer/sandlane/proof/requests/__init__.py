"""What every request meets in the base and in the output, compared by what `sandlane.semantics` makes of both."""
