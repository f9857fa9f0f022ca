"""The commands of `baguier`, one file a noun. Heavy libraries are imported inside the command that needs them."""
