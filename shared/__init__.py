"""What the functions have in common. This package holds packages only; see each room's own page."""
