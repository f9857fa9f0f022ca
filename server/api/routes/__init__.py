"""One noun a file: a route parses, calls one use case, shapes the answer."""
