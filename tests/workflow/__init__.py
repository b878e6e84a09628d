"""Stories on the stand-in world: what prodgate does, told by what becomes of events."""
