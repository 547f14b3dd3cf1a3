"""Mail that comes in, in plain Python: signed addresses, what kind of mail it is, and the words in it."""
