"""The nouns and rules of Tipoff: pure values and decisions, no I/O."""
