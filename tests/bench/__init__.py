"""The bench works: each figure can be taken, and says what it is. What the figures are is not asserted here."""
