"""Live messages: their shapes and their fan-out."""
