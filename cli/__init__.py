"""What a person runs: `./prodgate demo`. Each command is a room of its own."""
