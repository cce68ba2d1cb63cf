"""Coverage-guided fuzzing of every entry that takes bytes of strangers."""
