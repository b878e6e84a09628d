"""The registry client against the stand-in registry, and against servers that misbehave as they are told to."""
