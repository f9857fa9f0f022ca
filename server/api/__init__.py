"""HTTP and WebSocket: a route parses, calls one use case, shapes the answer."""
