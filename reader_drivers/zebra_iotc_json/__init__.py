"""Zebra fixed readers and sleds that push their tags as JSON (IoT connector)."""
