"""Data the portal starts with. Nothing here is read at run time once it is in the database."""
