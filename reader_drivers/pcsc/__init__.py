"""PC/SC contactless readers: one card or tag at a time, identified by its UID."""
