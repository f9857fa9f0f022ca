"""The demonstration: a shop floor that can be acted on, the page that shows it, the people who play a day in it."""
