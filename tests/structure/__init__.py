"""What holds for the source as a whole: who imports whom, what is called what, how large things are."""
