"""The server: compares what was heard with what each place should hold, and keeps the proof."""
