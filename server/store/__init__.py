"""Everything that is kept. SQL lives here and only here; core types come out."""
