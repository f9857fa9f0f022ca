"""What comes in: stock files of tills and shops, read into proposed pieces."""
